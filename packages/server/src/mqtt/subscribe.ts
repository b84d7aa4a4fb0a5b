import { type Frame, firstByteOf, type ProtocolLevel, type Qos } from './frame.ts'
import { checkFlags, Reader } from './primitives.ts'
import { propertiesLength, readProperties, withLengthPrefix, writeProperties } from './properties.ts'
import type { PropertiesOf } from './property-table.ts'
import { stringSize, Writer } from './writer.ts'

export type SubscribeProperties = PropertiesOf<'subscribe'>

/** The last three fields are MQTT 5's; below it they are false, false and 0. */
export interface Subscription {
  readonly filter: string
  readonly qos: Qos
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: 0 | 1 | 2
}

export interface Subscribe {
  readonly type: 'subscribe'
  readonly packetId: number
  readonly subscriptions: readonly Subscription[]
  readonly properties?: SubscribeProperties | undefined
}

const fixedFlags = 0b0010

/**
 * SUBSCRIBE = 0x82 RemainingLength PacketIdentifier:uint16 [Properties] 1*( TopicFilter:string Options:byte )
 * Options   = Reserved(2) RetainHandling(2) RetainAsPublished NoLocal QoS(2), from bit 7; below MQTT 5 the QoS only
 *
 * Whether a filter's wildcards stand right is left to the broker: it answers each filter with a code of its own.
 */
export function decodeSubscribe(frame: Frame, level: ProtocolLevel): Subscribe {
  const reader = new Reader(frame, level)
  checkFlags(reader, frame.firstByte, fixedFlags) // [MQTT-3.8.1-1]
  const packetId = reader.packetId()
  const properties = level === 5 ? readProperties(reader, 'subscribe') : undefined
  const subscriptions: Subscription[] = []
  do subscriptions.push(readSubscription(reader, level))
  while (reader.remaining > 0)
  return { type: 'subscribe', packetId, subscriptions, properties }
}

function readSubscription(reader: Reader, level: ProtocolLevel): Subscription {
  if (reader.remaining === 0) throw reader.protocolError('there is no topic filter') // [MQTT-3.8.3-2]
  const filter = reader.string('topic filter') // [MQTT-3.8.3-1]
  if (filter === '') throw reader.malformed('a topic filter is empty') // [MQTT-4.7.3-1]
  const options = reader.byte('subscription options')
  const qos = options & 0b11
  if (qos === 3) throw reader.malformed('the QoS of a subscription is 3') // [MQTT-3.8.3-4] of MQTT 3.1.1
  const reserved = level === 5 ? options & 0xc0 : options & 0xfc
  // MQTT 3.1 does not use the upper bits and does not say that they are 0.
  if (reserved !== 0 && level !== 3) throw reader.malformed('reserved subscription options are set') // [MQTT-3.8.3-5]
  const ofLevel5 = level === 5 ? options : 0
  const noLocal = (ofLevel5 & 0x04) !== 0
  if (noLocal && filter.startsWith('$share/')) {
    throw reader.protocolError('No Local is set on a shared subscription') // [MQTT-3.8.3-4]
  }
  const retainHandling = (ofLevel5 >> 4) & 0b11
  if (retainHandling === 3) throw reader.protocolError('the retain handling is 3')
  return {
    filter,
    qos: qos as Qos, // 0 to 3 by the mask, and 3 was refused
    noLocal,
    retainAsPublished: (ofLevel5 & 0x08) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2, // the same
  }
}

export function encodeSubscribe(packet: Subscribe, level: ProtocolLevel): Buffer {
  const { packetId, subscriptions, properties } = packet
  const length = propertiesLength('subscribe', properties)
  let size = 2 + (level === 5 ? withLengthPrefix(length) : 0)
  for (const { filter } of subscriptions) size += stringSize(filter, 'filter') + 1
  const writer = new Writer(firstByteOf('subscribe', fixedFlags), size)
  writer.uint16(packetId)
  if (level === 5) writeProperties(writer, 'subscribe', properties, length)
  for (const subscription of subscriptions) {
    writer.string(subscription.filter)
    writer.byte(level === 5 ? optionsOf(subscription) : subscription.qos)
  }
  return writer.finish()
}

function optionsOf({ qos, noLocal, retainAsPublished, retainHandling }: Subscription): number {
  return qos | (noLocal ? 0x04 : 0) | (retainAsPublished ? 0x08 : 0) | (retainHandling << 4)
}
