import { type ReasonCode, reason } from '@hatchway/protocol'
import type { Connect } from '../mqtt/index.ts'
import type { ConnectMode, JournalDetail, NewJournalEntry, TimeMs, Transport } from '../registry/types.ts'
import type { Peer } from './admission.ts'

/** Where an attempt came from, as the journal tells it. */
export interface Origin {
  readonly address: string
  readonly transport: Transport
  readonly tlsVersion: string | null
  readonly tlsCipher: string | null
  /** null over HTTP, and where another broker did not tell it. */
  readonly protocolLevel: Connect['protocolLevel'] | null
  /** The other MQTT broker that asked. */
  readonly broker?: string
  /** The device that asked for its sub-device, `{productKey}/{deviceName}`. */
  readonly gateway?: string
}

/** Whom an attempt claims to be, as far as it could be read. */
export interface Subject {
  readonly mode: ConnectMode | null
  readonly productKey: string | null
  readonly deviceName: string | null
}

export const nobody: Subject = { mode: null, productKey: null, deviceName: null }

const mqttVersions = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const

export const originOf = (peer: Peer, protocolLevel: Origin['protocolLevel']): Origin => ({
  address: peer.address,
  transport: peer.transport,
  tlsVersion: peer.tlsVersion,
  tlsCipher: peer.tlsCipher,
  protocolLevel,
})

/** The byte that CONNACK carries for a reason: MQTT 5's reason code, or the return code of 3.1 and 3.1.1. */
const connackCodeOf = (code: ReasonCode, protocolLevel: Origin['protocolLevel']): number | null => {
  if (protocolLevel === null) return null
  const { connack, mqtt5 } = reason(code)
  return protocolLevel === 5 ? mqtt5 : connack
}

export const registeredEntry = (origin: Origin, subject: Subject, now: TimeMs): NewJournalEntry =>
  entry(origin, subject, { time: now, outcome: 'registered', reason: 'registered', detail: null })

/** Of all logins only those are journaled that went by what is remembered. */
export const rememberedEntry = (origin: Origin, subject: Subject, now: TimeMs): NewJournalEntry =>
  entry(origin, subject, { time: now, outcome: 'admitted', reason: 'logged-in-from-memory', detail: null })

export const refusedEntry = (
  origin: Origin,
  subject: Subject,
  refused: { time: TimeMs; reason: ReasonCode; detail: JournalDetail | null },
): NewJournalEntry => entry(origin, subject, { ...refused, outcome: 'refused' })

const entry = (
  origin: Origin,
  subject: Subject,
  what: Pick<NewJournalEntry, 'time' | 'outcome' | 'reason' | 'detail'>,
): NewJournalEntry => {
  const { address, transport, tlsVersion, tlsCipher, protocolLevel, broker, gateway } = origin
  const asker = { ...(broker === undefined ? {} : { broker }), ...(gateway === undefined ? {} : { gateway }) }
  return {
    time: what.time,
    outcome: what.outcome,
    reason: what.reason,
    productKey: subject.productKey,
    deviceName: subject.deviceName,
    mode: subject.mode,
    address,
    transport,
    tlsVersion,
    tlsCipher,
    mqttVersion: protocolLevel === null ? null : mqttVersions[protocolLevel],
    connackCode: connackCodeOf(what.reason, protocolLevel),
    detail: broker === undefined && gateway === undefined ? what.detail : { ...what.detail, ...asker },
  }
}
