import { pino } from 'pino'
import { expect, it } from 'vitest'
import { StoreUnavailable } from '../registry/index.ts'
import { errorsTo } from './log.ts'

const WARN = 40
const ERROR = 50

function logged(error: unknown): unknown[] {
  const lines: unknown[] = []
  errorsTo(pino({}, { write: line => void lines.push(JSON.parse(line)) }))(error)
  return lines
}

it('a database that is away is a warning of one sentence, not a fault of the program', () => {
  const cause = new Error('connect ECONNREFUSED')
  const away = new StoreUnavailable('the database can not be reached: connect ECONNREFUSED', 'store-unavailable', cause)
  const [entry, ...others] = logged(away)
  expect(others).toEqual([])
  expect(entry).toMatchObject({ level: WARN, reason: 'store-unavailable', problem: away.message })
  expect(entry).not.toHaveProperty('err')
})

it('anything else is an error with its stack', () => {
  const [entry] = logged(new TypeError('x is not a function'))
  expect(entry).toMatchObject({
    level: ERROR,
    msg: 'internal error',
    err: { type: 'TypeError', stack: expect.any(String) },
  })
})
