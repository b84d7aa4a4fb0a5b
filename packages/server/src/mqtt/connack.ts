import { type Frame, firstByteOf, type ProtocolLevel } from './frame.ts'
import { checkFlags, Reader } from './primitives.ts'
import { propertiesLength, readProperties, withLengthPrefix, writeProperties } from './properties.ts'
import type { PropertiesOf } from './property-table.ts'
import { isReasonCode } from './reason-codes.ts'
import { Writer } from './writer.ts'

export type ConnackProperties = PropertiesOf<'connack'>

/** `reasonCode` as on the wire: a return code 0 to 5 below MQTT 5, a reason code in MQTT 5. */
export interface Connack {
  readonly type: 'connack'
  readonly sessionPresent: boolean
  readonly reasonCode: number
  readonly properties?: ConnackProperties | undefined
}

/**
 * CONNACK = 0x20 RemainingLength AcknowledgeFlags:byte Code:byte [Properties]     properties: MQTT 5
 *
 * Bit 0 of the acknowledge flags is Session Present; MQTT 3.1 reserves the whole byte.
 */
export function decodeConnack(frame: Frame, level: ProtocolLevel): Connack {
  const reader = new Reader(frame, level)
  checkFlags(reader, frame.firstByte, 0)
  const flags = reader.byte('acknowledge flags')
  if (flags > 1 && level !== 3) throw reader.malformed('reserved acknowledge flags are set') // [MQTT-3.2.2-1]
  const reasonCode = reader.byte('reason code')
  if (!isReasonCode('connack', reasonCode, level)) throw reader.malformed(`${reasonCode} is not a code of CONNACK`)
  const sessionPresent = level !== 3 && flags === 1
  if (sessionPresent && reasonCode !== 0) {
    throw reader.protocolError('a session is present although the connection is refused') // [MQTT-3.2.2-6]
  }
  const properties = level === 5 ? readProperties(reader, 'connack') : undefined
  reader.finish()
  return { type: 'connack', sessionPresent, reasonCode, properties }
}

export function encodeConnack(packet: Connack, level: ProtocolLevel): Buffer {
  const { sessionPresent, reasonCode, properties } = packet
  const length = propertiesLength('connack', properties)
  const writer = new Writer(firstByteOf('connack'), 2 + (level === 5 ? withLengthPrefix(length) : 0))
  writer.byte(sessionPresent && level !== 3 ? 1 : 0)
  writer.byte(reasonCode)
  if (level === 5) writeProperties(writer, 'connack', properties, length)
  return writer.finish()
}
