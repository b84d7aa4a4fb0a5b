import { isReasonCode, reason } from '@hatchway/protocol/reasons'
import { ApiProblem } from '../api/problem.ts'

const PARAMETER = 'sign-on'

/** Why single sign-on led back here without signing anybody in, as the address tells: a code of the closed list, or nothing. */
export function signOnProblem(search: string): ApiProblem | null {
  const code = new URLSearchParams(search).get(PARAMETER) ?? ''
  if (!isReasonCode(code)) return null
  const { en: detail, fixEn: fix, http: status } = reason(code)
  return new ApiProblem({ type: `urn:hatchway:reason:${code}`, title: detail, status, detail, code, fix })
}

/** The address without it, so that a page opened anew does not tell of an old failure. */
export function withoutSignOnProblem({ pathname, search, hash }: Pick<URL, 'pathname' | 'search' | 'hash'>): string {
  const parameters = new URLSearchParams(search)
  parameters.delete(PARAMETER)
  return `${pathname}${parameters.size === 0 ? '' : `?${parameters}`}${hash}`
}
