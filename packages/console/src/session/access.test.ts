import { expect, it } from 'vitest'
import { may } from './access.ts'

it.each([
  ['admin', true, true, true],
  ['operator', true, true, false],
  ['viewer', true, false, false],
] as const)('%s may read, operate, administer: %s, %s, %s', (role, ...rights) => {
  expect((['read', 'operate', 'administer'] as const).map(right => may(role, right))).toEqual(rights)
})
