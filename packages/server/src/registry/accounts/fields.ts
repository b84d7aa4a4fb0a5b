import { RequestError } from '../request-error.ts'
import type { UserRole } from '../types.ts'

const MAX_NAME_CHARACTERS = 64
const MIN_PASSWORD_CHARACTERS = 12
const MAX_PASSWORD_CHARACTERS = 256
const ROLES: readonly UserRole[] = ['admin', 'operator', 'viewer']

const invalid = (field: string, problem: string, fix: string): RequestError =>
  new RequestError('field-invalid', { problem: `${field}: ${problem}`, fix, field })

/** One spelling for one user, whatever is typed; ASCII, because two names that look the same would be a trap. */
export const userNameOf = (name: string): string => name.trim().toLowerCase()

export function checkUserName(name: string): string {
  const known = userNameOf(name)
  if (/^[a-z0-9][a-z0-9._@+-]*$/.test(known) && known.length <= MAX_NAME_CHARACTERS && known !== 'me') return known
  const fix = `use 1 to ${MAX_NAME_CHARACTERS} letters, digits and . _ @ + -, the first a letter or digit; not “me”`
  throw invalid('name', 'the value is no user name', fix)
}

export function checkUserRole(role: string): UserRole {
  const known = ROLES.find(one => one === role)
  if (known) return known
  throw invalid('role', 'the value is no role of a user', `use one of ${ROLES.join(', ')}`)
}

/** `field` as the request spells it. */
export function checkPassword(password: string, userName: string, field = 'password'): string {
  const characters = [...password.normalize('NFC')].length
  if (characters < MIN_PASSWORD_CHARACTERS || characters > MAX_PASSWORD_CHARACTERS) {
    const fix = `use ${MIN_PASSWORD_CHARACTERS} to ${MAX_PASSWORD_CHARACTERS} of any kind`
    throw invalid(field, `the value has ${characters} ${characters === 1 ? 'character' : 'characters'}`, fix)
  }
  const lower = password.toLowerCase()
  if (new Set(lower).size < 5 || lower.replaceAll(userName, '').length < MIN_PASSWORD_CHARACTERS / 2) {
    throw invalid(field, 'the value is easily guessed', 'use several words, or characters that do not repeat')
  }
  return password
}
