import { decodePublish, encodePublish, Framer, type PublishProperties, type Will } from '../../../mqtt/index.ts'
import type { StoredWill } from '../store/session-store.ts'

/** The will of a CONNECT as it is stored. */
export function storedWill({ topic, payload, qos, retain, properties = {} }: Will): StoredWill {
  const { willDelayIntervalSeconds: delaySeconds = 0, ...published } = properties
  const level = Object.keys(published).length > 0 ? 5 : 4
  const message = { topic, payload, retain, properties: level === 5 ? published : undefined }
  const packet = encodePublish({ type: 'publish', qos: 0, dup: false, ...message }, level)
  return { packet, level, qos, delaySeconds }
}

export interface WillMessage {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly properties: PublishProperties | undefined
}

export function messageOf({ packet, level, qos }: StoredWill): WillMessage {
  const framer = new Framer({ maxPacketSizeBytes: packet.length })
  framer.push(Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength))
  if (!framer.next()) throw new RangeError('the bytes are not a whole packet')
  const { topic, payload, retain, properties } = decodePublish(framer, level)
  return { topic, payload, qos, retain, properties }
}
