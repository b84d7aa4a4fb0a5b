import { expect, it } from 'vitest'
import { namesIn } from './system-report.ts'

it('tells the names in a certificate as people write them', () => {
  expect(namesIn('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:a.example')).toEqual([
    'localhost',
    '127.0.0.1',
    '::1',
    'a.example',
  ])
  expect(namesIn('email:me@a.example')).toEqual([])
  expect(namesIn(undefined)).toEqual([])
})
