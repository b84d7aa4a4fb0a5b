import { type Frame, firstByteOf, type ProtocolLevel } from './frame.ts'
import { checkFlags, Reader } from './primitives.ts'
import { propertiesLength, readProperties, withLengthPrefix, writeProperties } from './properties.ts'
import type { PropertiesOf } from './property-table.ts'
import { isReasonCode } from './reason-codes.ts'
import { Writer } from './writer.ts'

export type UnsubackProperties = PropertiesOf<'unsuback'>

/** One code for each filter, in the order of the UNSUBSCRIBE. Below MQTT 5 there are none. */
export interface Unsuback {
  readonly type: 'unsuback'
  readonly packetId: number
  readonly reasonCodes: readonly number[]
  readonly properties?: UnsubackProperties | undefined
}

/**
 * UNSUBACK = 0xb0 RemainingLength PacketIdentifier:uint16 [Properties 1*ReasonCode:byte]      in brackets: MQTT 5
 */
export function decodeUnsuback(frame: Frame, level: ProtocolLevel): Unsuback {
  const reader = new Reader(frame, level)
  checkFlags(reader, frame.firstByte, 0)
  const packetId = reader.packetId()
  if (level !== 5) {
    reader.finish()
    return { type: 'unsuback', packetId, reasonCodes: [], properties: undefined }
  }
  const properties = readProperties(reader, 'unsuback')
  const reasonCodes = [...reader.rest()]
  if (reasonCodes.length === 0) throw reader.protocolError('there is no reason code')
  const unknown = reasonCodes.find(code => !isReasonCode('unsuback', code, level))
  if (unknown !== undefined) throw reader.malformed(`${unknown} is not a reason code of it`) // [MQTT-3.11.3-2]
  return { type: 'unsuback', packetId, reasonCodes, properties }
}

export function encodeUnsuback(packet: Unsuback, level: ProtocolLevel): Buffer {
  const { packetId, reasonCodes, properties } = packet
  const length = propertiesLength('unsuback', properties)
  const size = 2 + (level === 5 ? withLengthPrefix(length) + reasonCodes.length : 0)
  const writer = new Writer(firstByteOf('unsuback'), size)
  writer.uint16(packetId)
  if (level !== 5) return writer.finish()
  writeProperties(writer, 'unsuback', properties, length)
  for (const code of reasonCodes) writer.byte(code)
  return writer.finish()
}
