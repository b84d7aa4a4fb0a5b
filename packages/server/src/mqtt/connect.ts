import { connectFlags, readConnectFlags } from './connect-flags.ts'
import { type Frame, firstByteOf, type ProtocolLevel, type Qos } from './frame.ts'
import { checkFlags, Reader } from './primitives.ts'
import { propertiesLength, readProperties, withLengthPrefix, writeProperties } from './properties.ts'
import type { PropertiesOf } from './property-table.ts'
import { isTopicName } from './topic.ts'
import { binarySize, stringSize, Writer } from './writer.ts'

export type ConnectProperties = PropertiesOf<'connect'>
export type WillProperties = PropertiesOf<'will'>

export interface Will {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: Qos
  readonly retain: boolean
  readonly properties?: WillProperties | undefined
}

/** `cleanStart` is called Clean Session below MQTT 5. `keepAliveSeconds` 0 turns keep alive off. */
export interface Connect {
  readonly type: 'connect'
  readonly protocolLevel: ProtocolLevel
  readonly cleanStart: boolean
  readonly keepAliveSeconds: number
  readonly clientId: string
  readonly userName?: string | undefined
  readonly password?: Buffer | undefined
  readonly will?: Will | undefined
  readonly properties?: ConnectProperties | undefined
}

const protocolNames = { 3: 'MQIsdp', 4: 'MQTT', 5: 'MQTT' } as const

/**
 * CONNECT = 0x10 RemainingLength ProtocolName:string ProtocolLevel:byte ConnectFlags:byte KeepAlive:uint16
 *           [Properties]                                   MQTT 5
 *           ClientIdentifier:string
 *           [[Properties] WillTopic:string WillPayload:binary]
 *           [UserName:string] [Password:binary]
 *
 * Nothing is said here about whether the client identifier will do (length, empty): that is for whoever admits it.
 */
export function decodeConnect(frame: Frame): Connect {
  const reader = new Reader(frame, undefined)
  const protocolLevel = readProtocolLevel(reader)
  checkFlags(reader, frame.firstByte, 0)
  const flags = readConnectFlags(reader, protocolLevel)
  const keepAliveSeconds = reader.uint16('keep alive')
  const properties = protocolLevel === 5 ? readProperties(reader, 'connect') : undefined
  if (properties?.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw reader.protocolError('authenticationData stands without authenticationMethod')
  }
  const clientId = reader.string('client identifier') // [MQTT-3.1.3-3]
  const will = flags.will ? readWill(reader, protocolLevel, flags) : undefined
  // MQTT 3.1 lets a packet end before a user name or password that its flags announce.
  const mayBreakOff = protocolLevel === 3
  const userName = flags.userName && !(mayBreakOff && reader.remaining === 0) ? reader.string('user name') : undefined // [MQTT-3.1.3-11]
  const password = flags.password && !(mayBreakOff && reader.remaining === 0) ? reader.binary('password') : undefined
  reader.finish()
  const { cleanStart } = flags
  return {
    type: 'connect',
    protocolLevel,
    cleanStart,
    keepAliveSeconds,
    clientId,
    userName,
    password,
    will,
    properties,
  }
}

/** The level stays in the error, so that the right CONNACK can be sent. [MQTT-3.1.2-1] [MQTT-3.1.2-2] */
function readProtocolLevel(reader: Reader): ProtocolLevel {
  const name = reader.string('protocol name')
  const level = reader.byte('protocol level')
  const known = level === 3 || level === 4 || level === 5
  if (name !== 'MQTT' && name !== 'MQIsdp') throw reader.fail(0x84, 'the protocol name is neither MQTT nor MQIsdp')
  reader.protocolLevel = level
  if (known && protocolNames[level] === name) return level
  throw reader.fail(0x84, `${name} with protocol level ${level} is not served; MQIsdp 3, MQTT 4 and MQTT 5 are`)
}

function readWill(reader: Reader, level: ProtocolLevel, flags: { willQos: Qos; willRetain: boolean }): Will {
  const properties = level === 5 ? readProperties(reader, 'will') : undefined
  const topic = reader.string('will topic')
  if (!isTopicName(topic)) throw reader.malformed('the will topic is empty or has a wildcard') // [MQTT-4.7.1-1]
  const payload = reader.binary('will payload')
  return { topic, payload, qos: flags.willQos, retain: flags.willRetain, properties }
}

export function encodeConnect(packet: Connect): Buffer {
  const { protocolLevel, keepAliveSeconds, clientId, userName, password, will, properties } = packet
  const hasProperties = protocolLevel === 5
  const length = propertiesLength('connect', properties)
  const willLength = propertiesLength('will', will?.properties)
  const name = protocolNames[protocolLevel]
  let size = stringSize(name, 'protocol name') + 1 + 1 + 2 + stringSize(clientId, 'clientId')
  if (hasProperties) size += withLengthPrefix(length)
  if (will !== undefined) {
    if (hasProperties) size += withLengthPrefix(willLength)
    size += stringSize(will.topic, 'will.topic') + binarySize(will.payload, 'will.payload')
  }
  if (userName !== undefined) size += stringSize(userName, 'userName')
  if (password !== undefined) size += binarySize(password, 'password')

  const writer = new Writer(firstByteOf('connect'), size)
  writer.string(name)
  writer.byte(protocolLevel)
  writer.byte(connectFlags(packet))
  writer.uint16(keepAliveSeconds)
  if (hasProperties) writeProperties(writer, 'connect', properties, length)
  writer.string(clientId)
  if (will !== undefined) {
    if (hasProperties) writeProperties(writer, 'will', will.properties, willLength)
    writer.string(will.topic)
    writer.binary(will.payload)
  }
  if (userName !== undefined) writer.string(userName)
  if (password !== undefined) writer.binary(password)
  return writer.finish()
}
