import type { ReasonCode } from '@hatchway/protocol'
import type { Certificates, GatewaySettings, GatewayStats, ListenerAddress } from '../../gateway/index.ts'
import type { DoorPlace } from '../../ipc/index.ts'
import type { OnboardingSettings } from '../../onboarding/admission.ts'

/** All that a worker process needs to know. No master key, no database, no admin token: it faces strangers. */
export interface WorkerSettings {
  gateway: GatewaySettings
  onboarding: OnboardingSettings
  certificates: Certificates
  ticketSecret: Uint8Array
  storeTimeoutMs: number
  /** As in the registry's options. */
  rememberMs: number
  logLevel: string
}

export interface WorkerStart extends WorkerSettings {
  kind: 'start'
  /** Of the main process: a worker of other files does not start. */
  version: string
  /** As operators know it: 1 is the first. */
  number: number
  /** Of this process alone, also when it is the next of its number. */
  id: number
  place: DoorPlace
  hasClients: boolean
}

export type ToWorker =
  | WorkerStart
  | { kind: 'certificates'; certificates: Certificates }
  /** Whether clients are connected to the server, whichever worker has them. */
  | { kind: 'clients'; hasClients: boolean }
  | { kind: 'drain' }
  | { kind: 'settle'; timeoutMs: number }
  | { kind: 'close'; timeoutMs: number }

export type FromWorker =
  | { kind: 'listening'; addresses: readonly ListenerAddress[] }
  /** It can't start; one sentence. */
  | { kind: 'failed'; message: string }
  | { kind: 'settled' }
  | ({ kind: 'figures' } & WorkerReport)

export interface WorkerReport {
  gateway: GatewayStats
  /** Journal entries folded or dropped since the last report, by reason. */
  journalDropped: Readonly<Partial<Record<ReasonCode, number>>>
  /** Longest delay of its event loop since the last report. */
  lagMs: number
  /** User and system, since its start. */
  cpuSeconds: number
  residentBytes: number
}

/** Over the line beside the store's messages. */
export interface CutTunnel {
  kind: 'cut-tunnel'
  tunnel: number
}
