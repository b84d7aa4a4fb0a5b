import { expect, it } from 'vitest'
import { signOnProblem, withoutSignOnProblem } from './sign-on-problem.ts'

it('tells a reason of the closed list and nothing else that an address says', () => {
  expect(signOnProblem('?sign-on=sign-on-no-role')).toMatchObject({
    code: 'sign-on-no-role',
    message: expect.stringContaining('role'),
    fix: expect.stringContaining('administrator'),
  })
  for (const search of ['', '?sign-on=', '?sign-on=Call+this+number', '?other=sign-on-no-role']) {
    expect(signOnProblem(search)).toBeNull()
  }
})

it('leaves the rest of the address as it is', () => {
  const place = { pathname: '/devices', search: '?sign-on=sign-on-lapsed&search=a%26b', hash: '#x' }
  expect(withoutSignOnProblem(place)).toBe('/devices?search=a%26b#x')
  expect(withoutSignOnProblem({ pathname: '/', search: '?sign-on=sign-on-lapsed', hash: '' })).toBe('/')
})
