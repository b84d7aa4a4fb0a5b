import { type Frame, firstByteOf, type ProtocolLevel } from './frame.ts'
import { checkFlags, Reader } from './primitives.ts'
import { propertiesLength, readProperties, withLengthPrefix, writeProperties } from './properties.ts'
import type { PropertiesOf } from './property-table.ts'
import { isReasonCode } from './reason-codes.ts'
import { Writer } from './writer.ts'

export type AuthProperties = PropertiesOf<'auth'>

/** MQTT 5 only: a step of enhanced authentication. */
export interface Auth {
  readonly type: 'auth'
  readonly reasonCode: number
  readonly properties?: AuthProperties | undefined
}

/**
 * AUTH = 0xf0 RemainingLength [ReasonCode:byte [Properties]]
 *
 * What is left out is a success without properties.
 */
export function decodeAuth(frame: Frame, level: ProtocolLevel): Auth {
  const reader = new Reader(frame, level)
  if (level !== 5) throw reader.malformed('it does not exist below MQTT 5')
  checkFlags(reader, frame.firstByte, 0) // [MQTT-3.15.1-1]
  const reasonCode = reader.remaining > 0 ? reader.byte('reason code') : 0
  if (!isReasonCode('auth', reasonCode, level)) {
    throw reader.malformed(`${reasonCode} is not a reason code of it`) // [MQTT-3.15.2-1]
  }
  const properties = reader.remaining > 0 ? readProperties(reader, 'auth') : undefined
  reader.finish()
  return { type: 'auth', reasonCode, properties }
}

/** RangeError below MQTT 5. */
export function encodeAuth(packet: Auth, level: ProtocolLevel): Buffer {
  if (level !== 5) throw new RangeError('AUTH does not exist below MQTT 5')
  const { reasonCode, properties } = packet
  const length = propertiesLength('auth', properties)
  if (reasonCode === 0 && length === 0) return new Writer(firstByteOf('auth'), 0).finish()
  const writer = new Writer(firstByteOf('auth'), 1 + withLengthPrefix(length))
  writer.byte(reasonCode)
  writeProperties(writer, 'auth', properties, length)
  return writer.finish()
}
