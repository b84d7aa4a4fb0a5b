import { type Frame, firstByteOf, type ProtocolLevel } from './frame.ts'
import { checkFlags, Reader } from './primitives.ts'
import { propertiesLength, readProperties, withLengthPrefix, writeProperties } from './properties.ts'
import type { PropertiesOf } from './property-table.ts'
import { isReasonCode } from './reason-codes.ts'
import { Writer } from './writer.ts'

export type DisconnectProperties = PropertiesOf<'disconnect'>

/** `reasonCode` is 0 below MQTT 5, which carries none and knows this packet from the client only. */
export interface Disconnect {
  readonly type: 'disconnect'
  readonly reasonCode: number
  readonly properties?: DisconnectProperties | undefined
}

/**
 * DISCONNECT = 0xe0 RemainingLength [ReasonCode:byte [Properties]]
 *
 * Below MQTT 5 it is empty. In MQTT 5 what is left out is a normal disconnection without properties.
 */
export function decodeDisconnect(frame: Frame, level: ProtocolLevel): Disconnect {
  const reader = new Reader(frame, level)
  checkFlags(reader, frame.firstByte, 0) // [MQTT-3.14.1-1]
  if (level !== 5 || reader.remaining === 0) {
    reader.finish()
    return { type: 'disconnect', reasonCode: 0, properties: undefined }
  }
  const reasonCode = reader.byte('reason code')
  if (!isReasonCode('disconnect', reasonCode, level)) {
    throw reader.malformed(`${reasonCode} is not a reason code of it`) // [MQTT-3.14.2-1]
  }
  const properties = reader.remaining > 0 ? readProperties(reader, 'disconnect') : undefined
  reader.finish()
  return { type: 'disconnect', reasonCode, properties }
}

export function encodeDisconnect(packet: Disconnect, level: ProtocolLevel): Buffer {
  const { reasonCode, properties } = packet
  const length = level === 5 ? propertiesLength('disconnect', properties) : 0
  let size = 0
  if (level === 5 && (reasonCode !== 0 || length > 0)) size = 1 + (length > 0 ? withLengthPrefix(length) : 0)
  const writer = new Writer(firstByteOf('disconnect'), size)
  if (size > 0) writer.byte(reasonCode)
  if (length > 0) writeProperties(writer, 'disconnect', properties, length)
  return writer.finish()
}
