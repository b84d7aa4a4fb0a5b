import { reason } from '@hatchway/protocol/reasons'
import { expect, it } from 'vitest'
import { ApiProblem, Unreachable } from '../api/problem.ts'
import { errorText } from './error-text.ts'

const { en, zh, fixEn, fixZh } = reason('product-not-found')
const problem = (detail: string): ApiProblem =>
  new ApiProblem({ type: '', title: en, status: 404, detail, code: 'product-not-found', fix: fixEn })

it('English is what the server says', () => {
  expect(errorText(problem('No product p1.'), 'en')).toEqual({ title: 'No product p1.', fix: fixEn })
})

it('Chinese comes from the reason table, with the server’s own detail beside it', () => {
  expect(errorText(problem(en), 'zh')).toEqual({ title: zh, fix: fixZh })
  expect(errorText(problem('No product p1.'), 'zh')).toEqual({ title: zh, fix: fixZh, detail: 'No product p1.' })
})

it('a server that does not answer is told from a page that fails', () => {
  expect(errorText(new Unreachable('x'), 'en').title).toBe('The server does not answer.')
  expect(errorText(new TypeError('x is not a function'), 'zh').fix).toContain('x is not a function')
})
