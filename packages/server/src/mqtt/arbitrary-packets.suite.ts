import fc from 'fast-check'
import type { Acknowledgement, AcknowledgementType } from './acknowledgement.ts'
import type { ProtocolLevel, Qos } from './frame.ts'
import type { Packet } from './packet.ts'
import {
  type PropertiesOf,
  type PropertyDefinition,
  type PropertyScope,
  propertyTable,
  type WireValues,
} from './property-table.ts'
import { isReasonCode } from './reason-codes.ts'

/** A packet that its level can carry whole. */
export interface Sample {
  readonly level: ProtocolLevel
  readonly packet: Packet
}

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter(value => !value.includes('\0'))
const topic = text.filter(value => value !== '' && !/[+#]/.test(value))
const filter = fc.oneof(topic, fc.constantFrom('#', '+', 'a/+/b', 'a/#', '$share/g/a/+'))
const payload = fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))
const packetId = fc.integer({ min: 1, max: 0xffff })
const qos = fc.constantFrom<Qos>(0, 1, 2)
const uint16 = fc.integer({ min: 0, max: 0xffff })

const wireValues: { readonly [Wire in keyof WireValues]: fc.Arbitrary<WireValues[Wire]> } = {
  bit: fc.constantFrom(0, 1),
  flag: fc.boolean(),
  uint16,
  positiveUint16: packetId,
  topicAlias: packetId,
  uint32: fc.integer({ min: 0, max: 0xffffffff }),
  positiveUint32: fc.integer({ min: 1, max: 0xffffffff }),
  positiveInteger: fc.integer({ min: 1, max: 0x0fffffff }),
  string: text,
  topicName: topic,
  binary: payload,
  pair: fc.tuple(text, text),
}

function properties<Scope extends PropertyScope>(
  scope: Scope,
  level: ProtocolLevel,
): fc.Arbitrary<PropertiesOf<Scope> | undefined> {
  if (level !== 5) return fc.constant(undefined)
  const arbitraries = Object.entries<PropertyDefinition>(propertyTable)
    .filter(([, { scopes }]) => scopes.includes(scope))
    .map(([name, { wire, repeats }]) => {
      const value: fc.Arbitrary<unknown> = wireValues[wire]
      return [name, repeats ? fc.array(value, { minLength: 1, maxLength: 4 }) : value] as const
    })
  const some = fc.record(Object.fromEntries(arbitraries), { requiredKeys: [] })
  // The table that types the properties also chose the arbitraries.
  return some.map(record => (Object.keys(record).length === 0 ? undefined : record) as PropertiesOf<Scope> | undefined)
}

function reasonCode(packet: Parameters<typeof isReasonCode>[0], level: ProtocolLevel): fc.Arbitrary<number> {
  return fc.constantFrom(
    ...Array.from({ length: 256 }, (_, code) => code).filter(code => isReasonCode(packet, code, level)),
  )
}

function connect(level: ProtocolLevel): fc.Arbitrary<Packet> {
  const will = fc.record({ topic, payload, qos, retain: fc.boolean(), properties: properties('will', level) })
  const credentials = fc.oneof(
    fc.constant({}),
    fc.record({ userName: text }),
    fc.record({ userName: text, password: payload }),
    ...(level === 5 ? [fc.record({ password: payload })] : []),
  )
  return fc
    .record({
      type: fc.constant('connect' as const),
      protocolLevel: fc.constant(level),
      cleanStart: fc.boolean(),
      keepAliveSeconds: uint16,
      clientId: text,
      will: fc.option(will, { nil: undefined }),
      properties: properties('connect', level).map(all =>
        all?.authenticationMethod === undefined && all?.authenticationData !== undefined
          ? { ...all, authenticationMethod: 'method' }
          : all,
      ),
    })
    .chain(packet => credentials.map(given => ({ ...packet, ...given })))
}

function publish(level: ProtocolLevel): fc.Arbitrary<Packet> {
  const record = { topic, payload, qos, retain: fc.boolean(), dup: fc.boolean(), packetId }
  return fc.record({ ...record, properties: properties('publish', level) }).map(packet => ({
    type: 'publish',
    ...packet,
    dup: packet.dup && packet.qos > 0,
    packetId: packet.qos > 0 ? packet.packetId : undefined,
  }))
}

function acknowledgement(level: ProtocolLevel): fc.Arbitrary<Packet> {
  const of = <Type extends AcknowledgementType>(type: Type): fc.Arbitrary<Acknowledgement<Type>> =>
    fc.record({
      type: fc.constant(type),
      packetId,
      reasonCode: level === 5 ? reasonCode(type, level) : fc.constant(0),
      properties: properties(type, level),
    })
  return fc.oneof(of('puback'), of('pubrec'), of('pubrel'), of('pubcomp'))
}

function subscribe(level: ProtocolLevel): fc.Arbitrary<Packet> {
  const subscription = fc
    .record({
      filter,
      qos,
      noLocal: fc.boolean(),
      retainAsPublished: fc.boolean(),
      retainHandling: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
    })
    .map(all => {
      if (level !== 5) return { ...all, noLocal: false, retainAsPublished: false, retainHandling: 0 as const }
      return { ...all, noLocal: all.noLocal && !all.filter.startsWith('$share/') }
    })
  return fc.record({
    type: fc.constant('subscribe' as const),
    packetId,
    subscriptions: fc.array(subscription, { minLength: 1, maxLength: 5 }),
    properties: properties('subscribe', level),
  })
}

function unsubscribe(level: ProtocolLevel): fc.Arbitrary<Packet> {
  return fc.record({
    type: fc.constant('unsubscribe' as const),
    packetId,
    filters: fc.array(filter, { minLength: 1, maxLength: 5 }),
    properties: properties('unsubscribe', level),
  })
}

function subscriptionAnswer(level: ProtocolLevel): fc.Arbitrary<Packet> {
  return fc.constantFrom('suback', 'unsuback').chain(type =>
    fc.record({
      type: fc.constant(type),
      packetId,
      reasonCodes:
        type === 'unsuback' && level !== 5
          ? fc.constant([])
          : fc.array(reasonCode(type, level), { minLength: 1, maxLength: 5 }),
      properties: properties(type, level),
    }),
  )
}

function connack(level: ProtocolLevel): fc.Arbitrary<Packet> {
  return fc
    .record({
      sessionPresent: fc.boolean(),
      reasonCode: reasonCode('connack', level),
      properties: properties('connack', level),
    })
    .map(packet => ({
      type: 'connack',
      ...packet,
      sessionPresent: packet.sessionPresent && packet.reasonCode === 0 && level !== 3,
    }))
}

function farewell(level: ProtocolLevel): fc.Arbitrary<Packet> {
  return fc.record({
    type: fc.constant('disconnect' as const),
    reasonCode: level === 5 ? reasonCode('disconnect', level) : fc.constant(0),
    properties: properties('disconnect', level),
  })
}

function auth(): fc.Arbitrary<Packet> {
  return fc.record({
    type: fc.constant('auth' as const),
    reasonCode: reasonCode('auth', 5),
    properties: properties('auth', 5),
  })
}

function ofLevel(level: ProtocolLevel): fc.Arbitrary<Sample> {
  const packets = [connect, connack, publish, acknowledgement, subscribe, unsubscribe, subscriptionAnswer, farewell]
  const pings = fc.constantFrom<Packet>({ type: 'pingreq' }, { type: 'pingresp' })
  return fc
    .oneof(...packets.map(packet => packet(level)), pings, ...(level === 5 ? [auth()] : []))
    .map(packet => ({ level, packet }))
}

export const samples: fc.Arbitrary<Sample> = fc.oneof(ofLevel(3), ofLevel(4), ofLevel(5))
