import type { ProtocolLevel } from '../../mqtt/index.ts'
import type { BrokerStats } from '../port.ts'

/** Why a message did not reach a subscriber, or was not routed at all. */
export type DropReason =
  | 'not-allowed'
  | 'slow-reader'
  | 'too-large-for-client'
  | 'session-ended'
  | 'queue-full'
  | 'expired'
  | 'retained-limit'
  | 'incident-not-reported'

export type MqttVersion = keyof BrokerStats['connectionsByVersion']

export function versionOf(level: ProtocolLevel): MqttVersion {
  return versions[level]
}

const versions = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const

/** The broker's counters. */
export class Meter {
  readonly messagesIn: [number, number, number] = [0, 0, 0]
  readonly messagesOut: [number, number, number] = [0, 0, 0]
  readonly connectionsByVersion: Record<MqttVersion, number> = { '3.1': 0, '3.1.1': 0, '5.0': 0 }
  bytesIn = 0
  bytesOut = 0
  /** Payload and headers of the QoS 1 and 2 messages that wait for clients. */
  queuedBytes = 0
  readonly dropped: Record<DropReason, number> = {
    'not-allowed': 0,
    'slow-reader': 0,
    'too-large-for-client': 0,
    'session-ended': 0,
    'queue-full': 0,
    expired: 0,
    'retained-limit': 0,
    'incident-not-reported': 0,
  }
}
