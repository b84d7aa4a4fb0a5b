import { Latency, type LatencyFigures } from './latency.ts'
import type { Misbehaviour } from './misbehaviour.ts'

/** `connection`: CONNECT was not answered, or could not be sent. */
export type Step = 'connection' | 'registration' | 'login'

/** Devices that met one code at one step. */
export interface Refusals {
  step: Step
  /** Of CONNACK; null: none came. */
  code: number | null
  /** What code or missing answer means. */
  meaning: string
  /** Undefined: nothing was wrong on purpose. */
  misbehaviour?: Misbehaviour
  count: number
}

export interface Figures {
  /** Since the start. */
  seconds: number
  devices: number
  misbehaving: number
  connected: number
  registered: number
  registeredPerSecond: number
  logins: number
  lost: number
  sent: number
  acknowledged: number
  /** Turns to publish that were left out because too many messages waited for their acknowledgement. */
  leftOut: number
  received: number
  refusals: readonly Refusals[]
  latencyMs: Readonly<Record<'connect' | 'registration' | 'login' | 'acknowledgement', LatencyFigures>>
}

/** Kinds of refusals that are told apart; a server has far fewer. */
const MAX_REFUSALS = 50
const MAX_MEANING_LENGTH = 500

/** What happened to the devices of a run, in bounded memory. */
export class Tally {
  connected = 0
  registered = 0
  logins = 0
  lost = 0
  sent = 0
  acknowledged = 0
  leftOut = 0
  received = 0
  readonly connectMs = new Latency()
  readonly registrationMs = new Latency()
  readonly loginMs = new Latency()
  readonly acknowledgementMs = new Latency()
  readonly #devices: number
  readonly #misbehaving: number
  readonly #refusals = new Map<string, Refusals>()
  readonly #startedAt = performance.now()
  #lastRegisteredAt = this.#startedAt

  constructor({ devices, misbehaving }: { devices: number; misbehaving: number }) {
    this.#devices = devices
    this.#misbehaving = misbehaving
  }

  noteRegistration(ms: number): void {
    this.registered += 1
    this.registrationMs.add(ms)
    this.#lastRegisteredAt = performance.now()
  }

  noteRefusal({ step, code, meaning, misbehaviour }: Omit<Refusals, 'count'>): void {
    const key = `${step} ${code ?? meaning} ${misbehaviour}`
    const known = this.#refusals.get(key)
    if (known !== undefined) known.count += 1
    else if (this.#refusals.size < MAX_REFUSALS) {
      const kind = misbehaviour === undefined ? {} : { misbehaviour }
      this.#refusals.set(key, { step, code, meaning: meaning.slice(0, MAX_MEANING_LENGTH), ...kind, count: 1 })
    }
  }

  figures(): Figures {
    const registeringMs = this.#lastRegisteredAt - this.#startedAt
    const { connected, registered, logins, lost, sent, acknowledged, leftOut, received } = this
    return {
      seconds: Math.round((performance.now() - this.#startedAt) / 100) / 10,
      devices: this.#devices,
      misbehaving: this.#misbehaving,
      ...{ connected, registered },
      registeredPerSecond: registeringMs === 0 ? 0 : Number(((registered * 1000) / registeringMs).toPrecision(3)),
      ...{ logins, lost, sent, acknowledged, leftOut, received },
      refusals: [...this.#refusals.values()].sort((a, b) => b.count - a.count),
      latencyMs: {
        connect: this.connectMs.figures(),
        registration: this.registrationMs.figures(),
        login: this.loginMs.figures(),
        acknowledgement: this.acknowledgementMs.figures(),
      },
    }
  }
}
