import { type Frame, firstByteOf, type ProtocolLevel } from './frame.ts'
import { checkFlags, Reader } from './primitives.ts'
import { propertiesLength, readProperties, withLengthPrefix, writeProperties } from './properties.ts'
import type { PropertiesOf } from './property-table.ts'
import { isReasonCode } from './reason-codes.ts'
import { Writer } from './writer.ts'

export type SubackProperties = PropertiesOf<'suback'>

/** One code for each filter, in the order of the SUBSCRIBE: the granted QoS, or from 0x80 on a refusal. */
export interface Suback {
  readonly type: 'suback'
  readonly packetId: number
  readonly reasonCodes: readonly number[]
  readonly properties?: SubackProperties | undefined
}

/**
 * SUBACK = 0x90 RemainingLength PacketIdentifier:uint16 [Properties] 1*ReasonCode:byte      properties: MQTT 5
 */
export function decodeSuback(frame: Frame, level: ProtocolLevel): Suback {
  const reader = new Reader(frame, level)
  checkFlags(reader, frame.firstByte, 0)
  const packetId = reader.packetId()
  const properties = level === 5 ? readProperties(reader, 'suback') : undefined
  const reasonCodes = [...reader.rest()]
  if (reasonCodes.length === 0) throw reader.protocolError('there is no reason code')
  const unknown = reasonCodes.find(code => !isReasonCode('suback', code, level))
  if (unknown !== undefined) throw reader.malformed(`${unknown} is not a reason code of it`) // [MQTT-3.9.3-2]
  return { type: 'suback', packetId, reasonCodes, properties }
}

export function encodeSuback(packet: Suback, level: ProtocolLevel): Buffer {
  const { packetId, reasonCodes, properties } = packet
  const length = propertiesLength('suback', properties)
  const size = 2 + (level === 5 ? withLengthPrefix(length) : 0) + reasonCodes.length
  const writer = new Writer(firstByteOf('suback'), size)
  writer.uint16(packetId)
  if (level === 5) writeProperties(writer, 'suback', properties, length)
  for (const code of reasonCodes) writer.byte(code)
  return writer.finish()
}
