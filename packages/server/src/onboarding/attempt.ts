import type { Push, RandomBytes, ReasonCode } from '@hatchway/protocol'
import type { Identity } from '../broker/port.ts'
import type { Connect } from '../mqtt/index.ts'
import type {
  ActivationOutcome,
  ActivationRequest,
  RegistrationOutcome,
  RegistrationRequest,
} from '../registry/store.ts'
import type { ApiKey, Device, JournalDetail, Product, TimeMs, Transport } from '../registry/types.ts'
import type { ExplainStep } from './admission.ts'
import type { Origin } from './journal-entry.ts'

export type StepName = ExplainStep['step']

/** One CONNECT (or HTTP registration) on its way through the steps. */
export interface Attempt {
  readonly now: TimeMs
  readonly origin: Origin
  /** The whole clientId as sent, block and all. Over HTTP there is none. */
  readonly clientId: string | undefined
  readonly keepAliveSeconds: number
  /** Whether the client may be given an identifier: MQTT 5, or a clean session. */
  readonly mayBeNamed: boolean
  /** Writes each step down for an explanation; undefined while a device waits for its answer. */
  readonly trace: Trace | undefined
}

export const mayBeNamed = ({ cleanStart, protocolLevel }: Connect): boolean => cleanStart || protocolLevel === 5

export const isSecure = (transport: Transport): boolean =>
  transport === 'tls' || transport === 'wss' || transport === 'https'

export interface Sentence {
  en: string
  zh: string
}

/** Collects what each step found. A refusal is taken down by whoever ran the steps. */
export interface Trace {
  passed(step: StepName, sentence: Sentence): void
}

export interface Refusal {
  kind: 'refused'
  step: StepName
  reason: ReasonCode
  detail: JournalDetail | null
}

/** What the steps found. `kind` is the same as in `Admission`. */
export type Verdict =
  | Refusal
  | { kind: 'registered'; push: Push; message: { topic: string; payload: string } }
  | {
      kind: 'admitted'
      identity: Identity
      keepAliveSeconds: number
      keepAliveChanged: boolean
      serverSubscriptions: readonly string[]
    }

/** What the steps may ask of the world. Admitting acts through it; explaining has one that only looks. */
export interface Desk {
  product(productKey: string): Promise<Product | undefined>
  device(productKey: string, deviceName: string): Promise<Device | undefined>
  apiKey(id: string): Promise<ApiKey | undefined>
  register(request: RegistrationRequest): Promise<RegistrationOutcome>
  activate(request: ActivationRequest): Promise<ActivationOutcome>
  /** Counts one verified CONNECT; false if the device is over its limit. */
  takeConnect(productKey: string, deviceName: string, now: TimeMs): boolean
  /** Whether the search for the mistake behind a bad signature may run now; it costs hundreds of digests. */
  mayDiagnose(now: TimeMs): boolean
  readonly random: RandomBytes
  readonly instanceId: string | null
}

export const refuse = (step: StepName, reason: ReasonCode, detail: JournalDetail | null = null): Refusal => ({
  kind: 'refused',
  step,
  reason,
  detail,
})
