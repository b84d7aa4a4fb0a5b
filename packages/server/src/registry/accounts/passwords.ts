import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { StoreUnavailable } from '../store.ts'

// Stored as $scrypt$ln={log2 N},r={r},p={p}${salt}${hash}, both base64url: the parameters stay with each hash.

export interface PasswordCost {
  /** log2 of scrypt's N. Memory of one hashing: 128 * r * 2^ln bytes. */
  ln: number
  r: number
  p: number
}

/** 64 MiB and about half a second of one core. */
export const DEFAULT_PASSWORD_COST: PasswordCost = { ln: 16, r: 8, p: 2 }

const SALT_SIZE_BYTES = 16
const HASH_SIZE_BYTES = 32
/** Above what any hash of ours asks for: a bound on the memory of one hashing. */
const MAX_MEMORY_BYTES = 160 * 2 ** 20
const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9_-]+)\$([A-Za-z0-9_-]+)$/
/** Of the four threads that also do DNS and files; and 64 MiB each. */
const MAX_AT_ONCE = 2
const MAX_WAITING = 32

export interface Passwords {
  hash(password: string): Promise<string>
  /** Takes as long for no hash as for one. Rejects with StoreUnavailable if too many wait already. */
  matches(password: string, hash: string | null): Promise<boolean>
}

/** Hashes a few passwords at a time, so that people who sign in slow down nothing else. */
export function createPasswords(cost: PasswordCost = DEFAULT_PASSWORD_COST): Passwords {
  const turn = turns()
  const nobody = written(cost, Buffer.alloc(SALT_SIZE_BYTES), Buffer.alloc(HASH_SIZE_BYTES))
  return {
    hash: password =>
      turn(async () => {
        const salt = randomBytes(SALT_SIZE_BYTES)
        return written(cost, salt, await derive(password, salt, cost))
      }),
    matches: (password, hash) =>
      turn(async () => {
        const { salt, expected, cost: own } = parsed(hash ?? nobody)
        const derived = await derive(password, salt, own)
        return timingSafeEqual(derived, expected) && hash !== null
      }),
  }
}

const written = ({ ln, r, p }: PasswordCost, salt: Buffer, hash: Buffer): string =>
  `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`

function parsed(hash: string): { cost: PasswordCost; salt: Buffer; expected: Buffer } {
  const [, ln, r, p, salt, expected] = FORM.exec(hash) ?? []
  if (salt === undefined || expected === undefined) throw new Error('a stored password hash has an unknown form')
  return {
    cost: { ln: Number(ln), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    expected: Buffer.from(expected, 'base64url'),
  }
}

function derive(password: string, salt: Buffer, { ln, r, p }: PasswordCost): Promise<Buffer> {
  // The same text may be typed as other code points on another keyboard.
  const secret = Buffer.from(password.normalize('NFC'), 'utf8')
  const options: ScryptOptions = { N: 2 ** ln, r, p, maxmem: MAX_MEMORY_BYTES }
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, HASH_SIZE_BYTES, options, (error, derived) => (error ? reject(error) : resolve(derived)))
  })
}

/** Runs a few tasks at a time and lets a bounded number wait, in their order. */
function turns(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = []
  let running = 0
  return async task => {
    if (running >= MAX_AT_ONCE) {
      if (waiting.length >= MAX_WAITING) throw new StoreUnavailable('too many sign-ins wait already', 'store-slow')
      await new Promise<void>(resolve => waiting.push(resolve))
    } else running += 1
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
