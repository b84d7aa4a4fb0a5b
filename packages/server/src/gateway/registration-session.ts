import { PUSH_TOPICS, type ReasonCode } from '@hatchway/protocol'
import {
  encodeConnack,
  encodePublish,
  type Packet,
  type ProtocolLevel,
  reasonCodes,
  type Subscribe,
  subscribeFailure,
  type Unsubscribe,
} from '../mqtt/index.ts'
import type { JournalDetail } from '../registry/types.ts'

const pushTopics: ReadonlySet<string> = new Set(Object.values(PUSH_TOPICS))

/** CONNACK 0 and the push as one buffer, so that they leave in one write: the device expects the push without asking. */
export function openingBytes(push: { topic: string; payload: string }, level: ProtocolLevel): Buffer {
  return Buffer.concat([
    encodeConnack({ type: 'connack', sessionPresent: false, reasonCode: reasonCodes.success }, level),
    encodePublish(
      {
        type: 'publish',
        topic: push.topic,
        payload: Buffer.from(push.payload),
        qos: 0,
        retain: false,
        dup: false,
        packetId: 0,
      },
      level,
    ),
  ])
}

/** What to do about a packet: an answer, or the end with what the journal should hold of it (null: a normal end). */
export type RegistrationStep =
  | { kind: 'answer'; packet: Packet }
  | { kind: 'close'; reason: ReasonCode | null; detail?: JournalDetail }

/**
 * What a registration connection may still say after its push: it delivers a credential and nothing else. Some SDKs
 * subscribe to the push's topic or ping before they hang up.
 */
export function stepOfRegistration(packet: Packet, level: ProtocolLevel): RegistrationStep {
  switch (packet.type) {
    case 'subscribe':
      return { kind: 'answer', packet: subackOf(packet, level) }
    case 'unsubscribe':
      return { kind: 'answer', packet: unsubackOf(packet) }
    case 'pingreq':
      return { kind: 'answer', packet: { type: 'pingresp' } }
    case 'disconnect':
      return { kind: 'close', reason: null }
    case 'publish':
      return { kind: 'close', reason: 'publish-on-registration', detail: { topic: packet.topic } }
    default:
      return {
        kind: 'close',
        reason: 'protocol-error',
        detail: { problem: `${packet.type.toUpperCase()} on a registration connection` },
      }
  }
}

/** The push is QoS 0 whatever is granted; SDKs expect to be granted what they asked. */
function subackOf(packet: Subscribe, level: ProtocolLevel): Packet {
  const refusal = level === 5 ? reasonCodes.notAuthorized : subscribeFailure
  const codes = packet.subscriptions.map(({ filter, qos }) => (pushTopics.has(filter) ? qos : refusal)) // [MQTT-3.9.3-1]
  return { type: 'suback', packetId: packet.packetId, reasonCodes: codes }
}

function unsubackOf(packet: Unsubscribe): Packet {
  const codes = packet.filters.map(filter =>
    pushTopics.has(filter) ? reasonCodes.success : reasonCodes.noSubscriptionExisted,
  )
  return { type: 'unsuback', packetId: packet.packetId, reasonCodes: codes } // [MQTT-3.11.3-1]
}
