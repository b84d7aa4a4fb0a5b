import { decodePublish, encodePublishTemplate, Framer } from '../../mqtt/index.ts'
import type { PublishBytes } from '../client/outbox.ts'
import type { Publication } from './publication.ts'

/** The message for a queue: a copy that knows when it is of no use any more. */
export function keepUntilExpiry(publication: Publication, nowMs: number): Publication {
  const kept = publication.keep()
  if (kept.expiresAtMs === 0) kept.expiresAtMs = expiryOf(kept, nowMs)
  return kept
}

/** When a message that came now expires, milliseconds since 1970; 0 = never. Below MQTT 5 none does. */
export function expiryOf({ properties }: Publication, nowMs: number): number {
  const seconds = properties?.messageExpiryIntervalSeconds
  return seconds === undefined ? 0 : nowMs + seconds * 1000
}

/** Whether its delivery must not begin any more. [MQTT-3.3.2-5] */
export function hasExpired({ expiresAtMs }: Publication, nowMs: number): boolean {
  return expiresAtMs !== 0 && expiresAtMs <= nowMs
}

/**
 * A message that has waited here, for one MQTT 5 subscriber: its interval is less by the time that it waited.
 * [MQTT-3.3.2-6] Written anew for each; messages with an interval that had to wait are few.
 */
export function shapeOfWaited(
  { buffer, start, end, expiresAtMs }: Publication,
  identifiers: readonly number[],
  withPacketId: boolean,
  nowMs: number,
): PublishBytes {
  const framer = new Framer({ maxPacketSizeBytes: end - start })
  framer.push(buffer.subarray(start, end))
  if (!framer.next()) throw new RangeError('the bytes are not a whole packet')
  const packet = decodePublish(framer, 5)
  const properties = {
    ...packet.properties,
    messageExpiryIntervalSeconds: Math.max(0, Math.ceil((expiresAtMs - nowMs) / 1000)),
    subscriptionIdentifiers: identifiers.length > 0 ? identifiers : undefined,
  }
  const qos = withPacketId ? 1 : 0 // the sender sets the first byte
  const { bytes, packetIdOffset } = encodePublishTemplate({ ...packet, qos, dup: false, properties }, 5)
  return { buffer: bytes, start: 0, end: bytes.length, packetIdOffset }
}
