import { type Frame, firstByteOf, type ProtocolLevel } from './frame.ts'
import { checkFlags, Reader } from './primitives.ts'
import { propertiesLength, readProperties, withLengthPrefix, writeProperties } from './properties.ts'
import type { PropertiesOf } from './property-table.ts'
import { isReasonCode } from './reason-codes.ts'
import { Writer } from './writer.ts'

export type AcknowledgementType = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'

/** `reasonCode` is 0 below MQTT 5, which carries none. */
export interface Acknowledgement<Type extends AcknowledgementType> {
  readonly type: Type
  readonly packetId: number
  readonly reasonCode: number
  readonly properties?: PropertiesOf<Type> | undefined
}

/** PUBREL is the one with fixed flags other than 0. [MQTT-3.6.1-1] */
const flagsOf = { puback: 0, pubrec: 0, pubrel: 0b0010, pubcomp: 0 } as const

/**
 * PUBACK | PUBREC | PUBREL | PUBCOMP = FirstByte RemainingLength PacketIdentifier:uint16 [ReasonCode:byte [Properties]]
 *
 * Below MQTT 5 there is the packet identifier only. In MQTT 5 a success without properties leaves out the rest, and a
 * packet that ends after its reason code has no properties.
 */
export function decodeAcknowledgement<Type extends AcknowledgementType>(
  type: Type,
  frame: Frame,
  level: ProtocolLevel,
): Acknowledgement<Type> {
  const reader = new Reader(frame, level)
  checkFlags(reader, frame.firstByte, flagsOf[type])
  const packetId = reader.packetId()
  if (level !== 5 || reader.remaining === 0) {
    reader.finish()
    return { type, packetId, reasonCode: 0, properties: undefined }
  }
  const reasonCode = reader.byte('reason code')
  if (!isReasonCode(type, reasonCode, level)) {
    throw reader.malformed(`${reasonCode} is not a reason code of it`) // [MQTT-3.4.2-1]
  }
  const properties = reader.remaining > 0 ? readProperties<Type>(reader, type) : undefined
  reader.finish()
  return { type, packetId, reasonCode, properties }
}

export function encodeAcknowledgement<Type extends AcknowledgementType>(
  packet: Acknowledgement<Type>,
  level: ProtocolLevel,
): Buffer {
  const { type, packetId, reasonCode, properties } = packet
  if (level !== 5) return bareAcknowledgement(type, packetId)
  const length = propertiesLength(type, properties)
  if (reasonCode === 0 && length === 0) return bareAcknowledgement(type, packetId)
  const hasProperties = length > 0
  const writer = new Writer(firstByteOf(type, flagsOf[type]), 3 + (hasProperties ? withLengthPrefix(length) : 0))
  writer.uint16(packetId)
  writer.byte(reasonCode)
  if (hasProperties) writeProperties(writer, type, properties, length)
  return writer.finish()
}

/** The four bytes of a successful acknowledgement, the same at every level. */
export function bareAcknowledgement(type: AcknowledgementType, packetId: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes[0] = firstByteOf(type, flagsOf[type])
  bytes[1] = 2
  bytes[2] = packetId >> 8
  bytes[3] = packetId
  return bytes
}
