import { type ReasonCode, reason } from '@hatchway/protocol'
import { encodeConnack, isReasonCode, type MalformedPacket, type ProtocolLevel, reasonCodes } from '../mqtt/index.ts'

/** A CONNACK and the code in it. */
export interface Refusal {
  bytes: Buffer
  code: number
}

/** The CONNACK for a reason. No MQTT 5 reason string: a refusal tells the device nothing but its code. */
export function refusalOf(code: ReasonCode, level: ProtocolLevel): Refusal {
  const { connack, mqtt5 } = reason(code)
  if (level !== 5) return connackOf(connack === null || connack === 0 ? 3 : connack, level)
  const sendable = mqtt5 >= 0x80 && isReasonCode('connack', mqtt5, 5)
  return connackOf(sendable ? mqtt5 : reasonCodes.unspecifiedError, level)
}

/**
 * The CONNACK for a CONNECT that doesn't decode, where the peer told enough to be answered in its own version:
 * an unknown version gets code 1 or 0x84, a malformed one of MQTT 5 its reason code, all others just the close.
 */
export function refusalOfMalformed(error: MalformedPacket): Refusal | null {
  if (error.packetType !== 'connect' || error.protocolLevel === undefined) return null
  // The upper bit marks a bridge, by a habit older than MQTT 5.
  const speaksMqtt5 = (error.protocolLevel & 0x7f) >= 5
  if (speaksMqtt5) return isReasonCode('connack', error.reasonCode, 5) ? connackOf(error.reasonCode, 5) : null
  return error.reasonCode === reasonCodes.unsupportedProtocolVersion ? connackOf(1, 4) : null // [MQTT-3.1.2-2] of 3.1.1
}

function connackOf(code: number, level: ProtocolLevel): Refusal {
  return { bytes: encodeConnack({ type: 'connack', sessionPresent: false, reasonCode: code }, level), code } // [MQTT-3.2.2-6]
}
