import type { ProtocolLevel, Qos } from './frame.ts'
import type { Reader } from './primitives.ts'

export interface ConnectFlags {
  readonly cleanStart: boolean
  readonly will: boolean
  readonly willQos: Qos
  readonly willRetain: boolean
  readonly userName: boolean
  readonly password: boolean
}

const cleanStartBit = 0x02
const willBit = 0x04
const willQosShift = 3
const willRetainBit = 0x20
const passwordBit = 0x40
const userNameBit = 0x80

/**
 * ConnectFlags = UserName Password WillRetain WillQoS(2) Will CleanStart Reserved, from bit 7 to bit 0
 *
 * MQTT 3.1 leaves the reserved bit open, and ignores will QoS and will retain where there is no will.
 */
export function readConnectFlags(reader: Reader, level: ProtocolLevel): ConnectFlags {
  const bits = reader.byte('connect flags')
  const flag = (bit: number): boolean => (bits & bit) !== 0
  if (flag(0x01) && level !== 3) throw reader.malformed('the reserved connect flag is set') // [MQTT-3.1.2-3]
  const will = flag(willBit)
  const willQos = (bits >> willQosShift) & 0b11
  const willRetain = flag(willRetainBit)
  if (!will && (willQos !== 0 || willRetain) && level !== 3) {
    throw reader.malformed('will QoS or will retain is set without a will') // [MQTT-3.1.2-11] [MQTT-3.1.2-13]
  }
  if (willQos === 3) throw reader.malformed('the will QoS is 3') // [MQTT-3.1.2-12]
  const userName = flag(userNameBit)
  const password = flag(passwordBit)
  if (password && !userName && level !== 5) {
    throw reader.malformed('there is a password without a user name') // [MQTT-3.1.2-22] of MQTT 3.1.1
  }
  // The mask leaves 0 to 3, and 3 was refused.
  return { cleanStart: flag(cleanStartBit), will, willQos: willQos as Qos, willRetain, userName, password }
}

interface FlaggedConnect {
  readonly cleanStart: boolean
  readonly will?: { readonly qos: Qos; readonly retain: boolean } | undefined
  readonly userName?: string | undefined
  readonly password?: Buffer | undefined
}

export function connectFlags(packet: FlaggedConnect): number {
  let bits = packet.cleanStart ? cleanStartBit : 0
  if (packet.will !== undefined) {
    bits |= willBit | (packet.will.qos << willQosShift) | (packet.will.retain ? willRetainBit : 0)
  }
  if (packet.userName !== undefined) bits |= userNameBit
  if (packet.password !== undefined) bits |= passwordBit
  return bits
}
