import { isIP } from 'node:net'

/** What came of reading one value: the value, or what is wrong with it and how to mend it. */
export type Reading<Value> = { ok: true; value: Value } | { ok: false; problem: string; fix: string }

/** Reads a value of a flag, an environment variable (both text) or the config file (any JSON). */
export type ValueReader<Value> = (input: unknown) => Reading<Value>

const good = <Value>(value: Value): Reading<Value> => ({ ok: true, value })
const bad = (problem: string, fix: string): Reading<never> => ({ ok: false, problem, fix })

export function text(maxLength = 1024): ValueReader<string> {
  return input => {
    if (typeof input !== 'string' || input.trim() === '')
      return bad('is empty or not a text', 'give a text or leave it out')
    if (input.length > maxLength) return bad(`is longer than ${maxLength} characters`, 'shorten it')
    return good(input.trim())
  }
}

export function integer(min: number, max: number): ValueReader<number> {
  return input => {
    const value = typeof input === 'string' && /^[+-]?\d+$/.test(input.trim()) ? Number(input) : input
    if (typeof value !== 'number' || !Number.isInteger(value))
      return bad('is not a whole number', `give a number from ${min} to ${max}`)
    if (value < min || value > max) return bad('is out of range', `give a number from ${min} to ${max}`)
    return good(value)
  }
}

/** `true|false`, `on|off`, `yes|no`, `1|0`. */
export const flag: ValueReader<boolean> = input => {
  const word = String(input).trim().toLowerCase()
  if (['true', 'on', 'yes', '1'].includes(word)) return good(true)
  if (['false', 'off', 'no', '0'].includes(word)) return good(false)
  return bad('is neither on nor off', 'give true or false')
}

/** A comma list, or a JSON array. Empty pieces are an error: they are typing mistakes. */
export function listOf<Value>(item: ValueReader<Value>, maxItems = 64): ValueReader<readonly Value[]> {
  return input => {
    const pieces: unknown[] = Array.isArray(input)
      ? input
      : String(input)
          .split(',')
          .map(piece => piece.trim())
    if (pieces.length > maxItems) return bad(`has more than ${maxItems} items`, 'shorten the list')
    const values: Value[] = []
    for (const piece of pieces) {
      const read = item(piece)
      if (!read.ok)
        return pieces.length === 1 ? read : bad(`has an item ${JSON.stringify(piece)} that ${read.problem}`, read.fix)
      values.push(read.value)
    }
    return good(values)
  }
}

/** Like `list`, and the word `none` for an empty one. */
export function noneOr<Value>(list: ValueReader<readonly Value[]>): ValueReader<readonly Value[]> {
  return input => (input === 'none' ? good([]) : list(input))
}

/** 0 lets the system choose a free port. */
export const port = integer(0, 65_535)

/** An IP address or a host name to listen on. */
export const host: ValueReader<string> = input => {
  if (typeof input === 'string') {
    const name = input.trim()
    if (isIP(name) !== 0 || /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(name)) return good(name)
  }
  return bad('is neither an IP address nor a host name', 'give one such as 0.0.0.0, 127.0.0.1 or iot.example.com')
}

/** An IP address, or a network as address/bits. */
export const network: ValueReader<string> = input => {
  const [address = '', bits, ...more] = typeof input === 'string' ? input.trim().split('/') : []
  const version = isIP(address)
  const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  if (version !== 0 && fits && more.length === 0) return good(String(input).trim())
  return bad('is neither an IP address nor a network', 'give one such as 10.0.0.5 or 10.0.0.0/8')
}

export function oneOf<const Word extends string>(words: readonly Word[]): ValueReader<Word> {
  return input => {
    const word = words.find(candidate => candidate === input)
    return word === undefined ? bad('is not one of the known words', `give one of ${words.join(', ')}`) : good(word)
  }
}

export function matching(pattern: RegExp, fix: string): ValueReader<string> {
  return input => (typeof input === 'string' && pattern.test(input) ? good(input) : bad('has the wrong form', fix))
}

/** Where a PostgreSQL database is, as its own programs write it. */
export const postgresUrl: ValueReader<string> = input => {
  const fix = 'give one such as postgres://user:password@db.example.com:5432/hatchway, the password percent-encoded'
  const url = typeof input === 'string' ? URL.parse(input.trim()) : null
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) return bad('is no URL of PostgreSQL', fix)
  if (url.hostname === '' && !url.searchParams.has('host')) return bad('names no host', fix)
  if (!/^\/[^/]+$/.test(url.pathname)) return bad('names no database', fix)
  try {
    for (const part of [url.username, url.password, url.pathname]) decodeURIComponent(part)
  } catch {
    return bad('has a % that encodes nothing', fix)
  }
  return good(url.href)
}

/** The address of an OpenID Connect provider; plain HTTP only on this machine. */
export const issuerUrl: ValueReader<string> = input => {
  const url = typeof input === 'string' ? URL.parse(input.trim()) : null
  const isLocal = url !== null && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  if (url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLocal))) return good(url.href)
  return bad(
    'is no https address',
    'give the issuer as the provider tells it, such as https://id.example.com/realms/main',
  )
}

/** `admin=value`: who has the value in the claim of roles has the role; `*` = everybody. */
export const roleMapping: ValueReader<{ role: 'admin' | 'operator' | 'viewer'; value: string }> = input => {
  const [, role, value] = /^(admin|operator|viewer)=(.{1,256})$/.exec(String(input).trim()) ?? []
  if (value !== undefined) return good({ role: role as 'admin' | 'operator' | 'viewer', value })
  return bad('maps no role', 'give one such as admin=hatchway-admins or viewer=*')
}
