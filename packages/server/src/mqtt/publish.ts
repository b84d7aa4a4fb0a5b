import { type Frame, firstByteOf, type ProtocolLevel, type Qos, variableByteIntegerSize } from './frame.ts'
import { Reader } from './primitives.ts'
import { propertiesLength, readProperties, withLengthPrefix, writeProperties } from './properties.ts'
import type { PropertiesOf } from './property-table.ts'
import { hasWildcard } from './topic.ts'
import { stringSize, Writer } from './writer.ts'

export type PublishProperties = PropertiesOf<'publish'>

/**
 * `packetId` is there when `qos` is 1 or 2. `topic` is empty only where MQTT 5's `properties.topicAlias` stands for it.
 * A decoded `payload` is a view of the memory it was read from: copy it before keeping it for long.
 */
export interface Publish {
  readonly type: 'publish'
  readonly topic: string
  readonly payload: Buffer
  readonly qos: Qos
  readonly retain: boolean
  readonly dup: boolean
  readonly packetId?: number | undefined
  readonly properties?: PublishProperties | undefined
}

/**
 * PUBLISH = 0x30|dup<<3|qos<<1|retain RemainingLength TopicName:string [PacketIdentifier:uint16] [Properties] Payload
 *
 * The packet identifier stands with QoS 1 and 2 only, the properties in MQTT 5 only.
 */
export function decodePublish(frame: Frame, level: ProtocolLevel): Publish {
  const { firstByte } = frame
  const reader = new Reader(frame, level)
  const qos = (firstByte >> 1) & 0b11
  if (qos === 3) throw reader.malformed('the QoS is 3') // [MQTT-3.3.1-4]
  const dup = (firstByte & 0x08) !== 0
  // MQTT 3.1 gives DUP no meaning with QoS 0 and does not forbid it.
  if (dup && qos === 0 && level !== 3) throw reader.malformed('DUP is set with QoS 0') // [MQTT-3.3.1-2]
  const topic = reader.string('topic name')
  const packetId = qos === 0 ? undefined : reader.packetId()
  const properties = level === 5 ? readProperties(reader, 'publish') : undefined
  if (topic === '') {
    if (level !== 5) throw reader.malformed('the topic name is empty') // [MQTT-4.7.3-1]
    if (properties?.topicAlias === undefined) throw reader.protocolError('there is neither a topic name nor an alias')
  } else if (hasWildcard(topic)) throw reader.malformed('the topic name has a wildcard') // [MQTT-3.3.2-2]
  const payload = reader.rest()
  const retain = (firstByte & 0x01) !== 0
  // The mask leaves 0 to 3, and 3 was refused.
  return { type: 'publish', topic, payload, qos: qos as Qos, retain, dup: dup && qos > 0, packetId, properties }
}

/** RangeError where a QoS 1 or 2 message has no packet identifier. */
export function encodePublish(packet: Publish, level: ProtocolLevel): Buffer {
  const { qos, packetId } = packet
  if (qos > 0 && !(packetId !== undefined && packetId > 0)) {
    throw new RangeError(`packetId is ${packetId}, a message of QoS ${qos} needs one from 1 to 65535`) // [MQTT-2.2.1-2]
  }
  return encodePublishTemplate(packet, level).bytes
}

/** A serialised PUBLISH; `packetIdOffset` is where its packet identifier stands, 0 when it has none (QoS 0). */
export interface PublishTemplate {
  readonly bytes: Buffer
  readonly packetIdOffset: number
}

/**
 * Serialises a message once for all subscribers of one level, QoS and set of properties: they share the bytes of QoS 0
 * and differ in the packet identifier only above it (`stampPublish`).
 */
export function encodePublishTemplate(packet: Publish, level: ProtocolLevel): PublishTemplate {
  const { topic, payload, qos, retain, dup, packetId, properties } = packet
  const length = level === 5 ? propertiesLength('publish', properties) : 0
  const topicSize = stringSize(topic, 'topic')
  let size = topicSize + payload.length
  if (qos > 0) size += 2
  if (level === 5) size += withLengthPrefix(length)
  const flags = (dup && qos > 0 ? 0x08 : 0) | (qos << 1) | (retain ? 1 : 0)
  const writer = new Writer(firstByteOf('publish', flags), size)
  writer.string(topic)
  const packetIdOffset = qos > 0 ? writer.offset : 0
  if (qos > 0) writer.uint16(packetId ?? 0)
  if (level === 5) writeProperties(writer, 'publish', properties, length)
  writer.bytes(payload)
  return { bytes: writer.finish(), packetIdOffset }
}

/** The template's bytes with this packet identifier: a copy. Templates of QoS 0 are sent as they are. */
export function stampPublish(template: PublishTemplate, packetId: number): Buffer {
  const bytes = Buffer.allocUnsafe(template.bytes.length)
  template.bytes.copy(bytes)
  bytes.writeUInt16BE(packetId, template.packetIdOffset)
  return bytes
}

/**
 * Whether the frame's bytes may be passed on as they are. A Remaining Length longer than it need be is tolerated from a
 * peer, but must not reach another. [MQTT-1.5.5-1]
 */
export function hasShortestHeader(frame: Frame): boolean {
  return frame.bodyStart - frame.start === 1 + variableByteIntegerSize(frame.end - frame.bodyStart)
}
