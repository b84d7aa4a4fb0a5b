import { type Frame, firstByteOf, type ProtocolLevel } from './frame.ts'
import { checkFlags, Reader } from './primitives.ts'
import { propertiesLength, readProperties, withLengthPrefix, writeProperties } from './properties.ts'
import type { PropertiesOf } from './property-table.ts'
import { stringSize, Writer } from './writer.ts'

export type UnsubscribeProperties = PropertiesOf<'unsubscribe'>

export interface Unsubscribe {
  readonly type: 'unsubscribe'
  readonly packetId: number
  readonly filters: readonly string[]
  readonly properties?: UnsubscribeProperties | undefined
}

const fixedFlags = 0b0010

/**
 * UNSUBSCRIBE = 0xa2 RemainingLength PacketIdentifier:uint16 [Properties] 1*TopicFilter:string    properties: MQTT 5
 */
export function decodeUnsubscribe(frame: Frame, level: ProtocolLevel): Unsubscribe {
  const reader = new Reader(frame, level)
  checkFlags(reader, frame.firstByte, fixedFlags) // [MQTT-3.10.1-1]
  const packetId = reader.packetId()
  const properties = level === 5 ? readProperties(reader, 'unsubscribe') : undefined
  if (reader.remaining === 0) throw reader.protocolError('there is no topic filter') // [MQTT-3.10.3-2]
  const filters: string[] = []
  while (reader.remaining > 0) {
    const filter = reader.string('topic filter') // [MQTT-3.10.3-1]
    if (filter === '') throw reader.malformed('a topic filter is empty') // [MQTT-4.7.3-1]
    filters.push(filter)
  }
  return { type: 'unsubscribe', packetId, filters, properties }
}

export function encodeUnsubscribe(packet: Unsubscribe, level: ProtocolLevel): Buffer {
  const { packetId, filters, properties } = packet
  const length = propertiesLength('unsubscribe', properties)
  let size = 2 + (level === 5 ? withLengthPrefix(length) : 0)
  for (const filter of filters) size += stringSize(filter, 'filter')
  const writer = new Writer(firstByteOf('unsubscribe', fixedFlags), size)
  writer.uint16(packetId)
  if (level === 5) writeProperties(writer, 'unsubscribe', properties, length)
  for (const filter of filters) writer.string(filter)
  return writer.finish()
}
