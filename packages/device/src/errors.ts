/** An option that can't work; found before anything is sent. */
export class InvalidOption extends Error {
  override readonly name = 'InvalidOption'
  readonly option: string
  constructor(option: string, problem: string) {
    super(`${option}: ${problem}`)
    this.option = option
  }
}

/** The server answered CONNECT with another code than 0. Which check failed is known to its operator only. */
export class Refused extends Error {
  override readonly name: string = 'Refused'
  /** As on the wire: 1-5 in MQTT 3.1.1, 0x80 and up in MQTT 5. */
  readonly code: number
  /** Whether the same CONNECT may be accepted later without anybody changing anything. */
  readonly retryable: boolean
  constructor(code: number, message: string) {
    super(message)
    this.code = code
    this.retryable = codeMeaning(code) === 'unavailable'
  }
}

export class RegistrationRefused extends Refused {
  override readonly name = 'RegistrationRefused'
  constructor(code: number) {
    super(code, `registration refused with code ${code}: ${REGISTRATION_SENTENCES[codeMeaning(code)]}`)
  }
}

export class LoginRefused extends Refused {
  override readonly name = 'LoginRefused'
  constructor(code: number) {
    super(code, `login refused with code ${code}: ${LOGIN_SENTENCES[codeMeaning(code)]}`)
  }
}

/** No answer to CONNECT, or a broken one. */
export class ConnectionFailed extends Error {
  override readonly name = 'ConnectionFailed'
  readonly retryable: boolean
  constructor(message: string, { retryable, cause }: { retryable: boolean; cause?: unknown }) {
    super(message, { cause })
    this.retryable = retryable
  }
}

type Meaning = 'malformed' | 'unavailable' | 'not-verified' | 'other'

function codeMeaning(code: number): Meaning {
  switch (code) {
    case 2:
    case 0x85: // client identifier not valid
      return 'malformed'
    case 3:
    case 0x88: // server unavailable
    case 0x89: // server busy
    case 0x97: // quota exceeded
    case 0x9f: // connection rate exceeded
      return 'unavailable'
    case 4:
    case 0x86: // bad user name or password
      return 'not-verified'
    default:
      return 'other'
  }
}

const JOURNAL = "The server's journal has the exact reason."

const REGISTRATION_SENTENCES: Readonly<Record<Meaning, string>> = {
  malformed:
    'a parameter is missing or malformed, the instanceId belongs to another instance, ' +
    `or the connection is not TLS. ${JOURNAL}`,
  unavailable:
    'the server can take no registration right now (starting, stopping, overloaded, a limit is reached, ' +
    'or an operator has yet to approve the device). Try again later.',
  'not-verified':
    'wrong ProductKey or ProductSecret, dynamic registration is off, the device is unknown to its product ' +
    `(mode register), disabled, or already activated, or no ClientID is left for it (mode regnwl). ${JOURNAL}`,
  other: `the server gave a code that this protocol does not use. ${JOURNAL}`,
}

const LOGIN_SENTENCES: Readonly<Record<Meaning, string>> = {
  malformed: `a parameter is missing or malformed, the Keep Alive is out of range, or the product takes TLS only. ${JOURNAL}`,
  unavailable: 'the server can take no login right now (starting, stopping, overloaded, or a limit). Try again later.',
  'not-verified': `wrong or replaced credentials, or the device is disabled or deleted. ${JOURNAL}`,
  other: `the server gave a code that this protocol does not use. ${JOURNAL}`,
}
