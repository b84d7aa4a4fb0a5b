import type { ReasonCode } from '@hatchway/protocol'
import type { Peer } from '../onboarding/admission.ts'
import type { JournalDetail, NewJournalEntry } from '../registry/types.ts'

/** An entry for what never reached onboarding: nobody is known but the peer. */
export function gatewayEntry(time: number, peer: Peer, reason: ReasonCode, detail?: JournalDetail): NewJournalEntry {
  return {
    time,
    outcome: 'closed',
    reason,
    productKey: null,
    deviceName: null,
    mode: null,
    address: peer.address,
    transport: peer.transport,
    tlsVersion: peer.tlsVersion,
    tlsCipher: peer.tlsCipher,
    mqttVersion: null,
    connackCode: null,
    detail: detail ?? null,
  }
}
