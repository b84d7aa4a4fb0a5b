import type { SecureContext } from 'node:tls'
import type { CertificatePair } from './certificates/index.ts'
import { type TicketKey, ticketKeyOf, ticketPeriodAt, ticketPeriodMs } from './ticket-keys.ts'
import { secureContextOf, sessionSeconds } from './tls-options.ts'

export interface TlsContextsOptions {
  pairs: readonly CertificatePair[]
  legacyCiphers: boolean
  /** What the keys of session tickets are made from. */
  ticketSecret: Uint8Array
  clock: { now(): number }
}

interface Period {
  key: TicketKey
  context: SecureContext
}

/**
 * What the next TLS handshake presents. The runtime opens tickets of one key only, so for as long as tickets of the
 * period before are good, its context is kept for those who come with one.
 */
export class TlsContexts {
  readonly #options: TlsContextsOptions
  #pairs: readonly CertificatePair[]
  #present: Period
  #past: Period | undefined

  /** Throws if OpenSSL refuses the certificates. */
  constructor(options: TlsContextsOptions) {
    this.#options = options
    this.#pairs = options.pairs
    this.#present = this.#periodAt(options.clock.now())
    this.#past = this.#pastAt(options.clock.now())
  }

  /** From the next handshake on; sessions are resumed all the same. Throws if OpenSSL refuses the certificates. */
  reload(pairs: readonly CertificatePair[]): void {
    const before = this.#pairs
    this.#pairs = pairs
    try {
      const now = this.#options.clock.now()
      const present = this.#periodAt(now)
      this.#past = this.#pastAt(now)
      this.#present = present
    } catch (error) {
      this.#pairs = before
      throw error
    }
  }

  /** `hello`: the first bytes of the client; if its ticket is not in them, it shakes hands in full. */
  contextFor(hello: Uint8Array): SecureContext {
    const now = this.#options.clock.now()
    if (ticketPeriodAt(now) !== this.#present.key.period) {
      this.#present = this.#periodAt(now)
      this.#past = this.#pastAt(now)
    } else if (this.#past !== undefined && !isPastGood(now)) this.#past = undefined
    const past = this.#past
    return past !== undefined && Buffer.from(hello.buffer, hello.byteOffset, hello.length).includes(past.key.name)
      ? past.context
      : this.#present.context
  }

  #pastAt(now: number): Period | undefined {
    return isPastGood(now) ? this.#periodAt(now - ticketPeriodMs) : undefined
  }

  #periodAt(timeMs: number): Period {
    const { ticketSecret, legacyCiphers } = this.#options
    const key = ticketKeyOf(ticketSecret, ticketPeriodAt(timeMs))
    return { key, context: secureContextOf(this.#pairs, { legacyCiphers, ticketKeys: key.bytes }) }
  }
}

/** Whether a session of the period before may be resumed: the last of its tickets is not too old yet. */
const isPastGood = (now: number): boolean => now % ticketPeriodMs < sessionSeconds * 1000
