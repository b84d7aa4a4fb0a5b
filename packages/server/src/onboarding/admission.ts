import type {
  DeviceIdentity,
  ReasonCode,
  RegisteredSubDevice,
  SubDeviceCode,
  SubDeviceRegistrationResult,
} from '@hatchway/protocol'
import type { Identity } from '../broker/port.ts'
import type { Connect } from '../mqtt/index.ts'
import type { Transport } from '../registry/types.ts'

/** What is known of the peer beside its CONNECT. */
export interface Peer {
  /** Address without port. */
  address: string
  transport: Transport
  tlsVersion: string | null
  tlsCipher: string | null
}

/** Whose connection it is, for the journal. */
export interface RegisteredDevice {
  mode: 'register' | 'regnwl'
  productKey: string
  deviceName: string
}

/** The answer to one CONNECT. Nothing in it says more to the device than the code; the journal already has the rest. */
export type Admission =
  /** Durable: send CONNACK 0 and the push in one write, then wait for the device to hang up. */
  | { kind: 'registered'; push: { topic: string; payload: string }; device: RegisteredDevice }
  | {
      kind: 'admitted'
      identity: Identity
      keepAliveSeconds: number
      keepAliveChanged: boolean
      serverSubscriptions: readonly string[]
    }
  | { kind: 'refused'; reason: ReasonCode }

/** One step of an explanation, in the order in which it was tried. */
export interface ExplainStep {
  step: 'parse' | 'transport' | 'product' | 'signature' | 'device' | 'credential' | 'rules' | 'keep-alive'
  ok: boolean
  /** English, one sentence. */
  text: string
  /** The same in Chinese. */
  textZh: string
}

export interface Explanation {
  decision: 'would-register' | 'would-log-in' | 'would-refuse'
  reason: ReasonCode
  mode: 'register' | 'regnwl' | 'secret' | 'token' | 'application' | null
  productKey: string | null
  deviceName: string | null
  connackCode: number
  mqtt5ReasonCode: number
  retryable: boolean
  sentence: { en: string; zh: string }
  fix: { en: string; zh: string }
  /** What the server would have signed. Never the secret or the signature. */
  signedText: string | null
  signMethod: string | null
  mistakes: readonly { code: string; en: string; zh: string; fixEn: string; fixZh: string }[]
  steps: readonly ExplainStep[]
}

/** As much of a CONNECT as is known. */
export interface ExplainInput {
  clientId: string
  userName?: string | undefined
  password?: Uint8Array | string | undefined
  keepAliveSeconds?: number
  /** Whether the server may name a client that names itself not; taken for granted where it is left out. */
  mayBeNamed?: boolean
}

/** The body of `POST /auth/register/device`. */
export interface HttpRegistration {
  productKey?: string
  deviceName?: string
  random?: string
  sign?: string
  signMethod?: string
}
export type HttpRegistrationAnswer =
  | { ok: true; productKey: string; deviceName: string; deviceSecret: string }
  | { ok: false; reason: ReasonCode }

/** What another MQTT broker tells of a client that logs in there. */
export interface BrokerLogin {
  /** The broker’s name, for the journal. */
  broker: string
  /** Undefined where the broker did not send it. */
  clientId: string | undefined
  userName: string | undefined
  password: string | undefined
  /** Of the client where the broker tells it, else of the broker. */
  address: string
  /** What the operator says that the broker’s clients come over; the broker does not tell. */
  transport: 'tls' | 'tcp'
}
export type BrokerAdmission = { kind: 'admitted'; identity: Identity } | { kind: 'refused'; reason: ReasonCode }

/** A device that asks for its sub-devices, and the connection over which it does. */
export interface AskingGateway extends DeviceIdentity {
  address: string
  transport: Transport
}
export interface GatewayAnswer {
  code: SubDeviceCode
  /** Those that got a DeviceSecret; the others are in the journal, each with its reason. */
  registered: readonly RegisteredSubDevice[]
}

/** The heart: claim -> verify -> decide -> issue. Never rejects: a crash in a check means no (`internal-error`). */
export interface Onboarding {
  admit(connect: Connect, peer: Peer): Promise<Admission>
  /** Goes through the same steps as `admit`, changes nothing, journals nothing. */
  explain(input: ExplainInput, transport: Transport): Promise<Explanation>
  /**
   * A login at another broker, by all rules of a login here but those on the Keep Alive, which that broker alone knows.
   * Registrations are refused.
   */
  admitAtBroker(login: BrokerLogin): Promise<BrokerAdmission>
  registerByHttp(request: HttpRegistration, peer: Peer): Promise<HttpRegistrationAnswer>
  /** What a gateway asked for its sub-devices: 200 if any of them was registered, else the code for the first. */
  registerByGateway(request: SubDeviceRegistrationResult, gateway: AskingGateway): Promise<GatewayAnswer>
  /** From now on new CONNECTs are answered with code 3 (`draining`). */
  drain(): void
}

export interface OnboardingSettings {
  instanceId: string | null
  /** CONNECTs per device and minute, registrations included; beyond it code 3. 0 = no limit. */
  connectsPerMinute: number
  /** Which clientIds log in at other brokers: `own` (without it) for those that nobody else may use, or any. */
  brokerClientIds?: 'own' | 'any'
}
