import fc from 'fast-check'
import mqttPacket from 'mqtt-packet'
import { describe, expect, test } from 'vitest'
import { type Sample, samples } from './arbitrary-packets.suite.ts'
import { decode, encode, Framer, MalformedPacket, type Packet, type ProtocolLevel } from './index.ts'

function decodeAll(bytes: Buffer, level: ProtocolLevel): Packet[] {
  const framer = new Framer({ maxPacketSizeBytes: 0x100000 })
  framer.push(bytes)
  const packets: Packet[] = []
  while (framer.next()) packets.push(decode(framer, level))
  return packets
}

/** mqtt-packet's names for what differs by more than a suffix. */
const propertyNames: Readonly<Record<string, string>> = {
  maximumQos: 'maximumQoS',
  maximumPacketSizeBytes: 'maximumPacketSize',
  serverKeepAliveSeconds: 'serverKeepAlive',
  subscriptionIdentifiers: 'subscriptionIdentifier',
}

function theirProperties(properties: object | undefined): object {
  if (properties === undefined) return {}
  const entries = Object.entries(properties).map(([name, value]) => {
    const theirName = propertyNames[name] ?? name.replace(/IntervalSeconds$/, 'Interval')
    if (name === 'payloadFormatIndicator') return [theirName, value === 1]
    if (name === 'userProperties') return [theirName, byName(value as [string, string][])]
    if (name === 'subscriptionIdentifiers') return [theirName, single(value as number[])]
    return [theirName, value]
  })
  return { properties: Object.fromEntries(entries) }
}

/** mqtt-packet holds user properties as an object, several values of one name as an array. */
function byName(pairs: [string, string][]): object {
  const names = new Set(pairs.map(([name]) => name))
  return Object.fromEntries(
    [...names].map(name => [name, single(pairs.filter(([other]) => other === name).map(([, value]) => value))]),
  )
}

function single<Value>(values: Value[]): Value | Value[] | undefined {
  return values.length === 1 ? values[0] : values
}

/** The packet in the shape of mqtt-packet. */
function theirs({ packet, level }: Sample): object {
  const cmd = packet.type
  if (packet.type === 'pingreq' || packet.type === 'pingresp') return { cmd }
  const properties = theirProperties(packet.properties)
  const reason = level === 5 && 'reasonCode' in packet ? { reasonCode: packet.reasonCode } : {}
  const id = 'packetId' in packet && packet.packetId !== undefined ? { messageId: packet.packetId } : {}
  const common = { cmd, ...id, ...reason, ...properties }
  switch (packet.type) {
    case 'connect': {
      const { will, userName, password } = packet
      return {
        ...common,
        protocolId: level === 3 ? 'MQIsdp' : 'MQTT',
        protocolVersion: level,
        clean: packet.cleanStart,
        keepalive: packet.keepAliveSeconds,
        clientId: packet.clientId,
        ...(will && {
          will: {
            topic: will.topic,
            payload: will.payload,
            qos: will.qos,
            retain: will.retain,
            ...theirProperties(will.properties),
          },
        }),
        ...(userName !== undefined && { username: userName }),
        ...(password !== undefined && { password }),
      }
    }
    case 'connack':
      return {
        ...common,
        sessionPresent: packet.sessionPresent,
        ...(level !== 5 && { returnCode: packet.reasonCode }),
      }
    case 'publish': {
      const { topic, payload, qos, retain, dup } = packet
      return { ...common, topic, payload, qos, retain, dup }
    }
    case 'subscribe':
      return {
        ...common,
        subscriptions: packet.subscriptions.map(({ filter, qos, ...options }) => ({
          topic: filter,
          qos,
          ...(level === 5 && { nl: options.noLocal, rap: options.retainAsPublished, rh: options.retainHandling }),
        })),
      }
    case 'unsubscribe':
      return { ...common, unsubscriptions: packet.filters }
    case 'suback':
      return { ...common, granted: packet.reasonCodes }
    case 'unsuback':
      return { ...common, ...(level === 5 && { granted: packet.reasonCodes }) }
    default:
      return common
  }
}

/** Where the oracle is narrower than MQTT: what it cannot write, and the names that a plain object cannot hold in order. */
function suitsTheOracle({ packet, level }: Sample): boolean {
  if (packet.type === 'connect') {
    if (packet.password !== undefined && packet.userName === undefined) return false
    if (packet.clientId === '' && (level === 3 || !packet.cleanStart)) return false
  }
  if (packet.type === 'disconnect' && packet.reasonCode === 0x8c) return false // it does not know this reason code
  const blocks = [
    'properties' in packet ? packet.properties : undefined,
    packet.type === 'connect' ? packet.will?.properties : undefined,
  ]
  return blocks.every(block => {
    const names = (block?.userProperties ?? []).map(([name]) => name)
    return new Set(names).size === names.length && names.every(name => !/^\d+$|^__proto__$/.test(name))
  })
}

function theirBytes({ packet, level }: Sample): Buffer {
  // The shape is built by name above; the oracle checks it itself.
  return mqttPacket.generate(theirs({ packet, level }) as mqttPacket.Packet, { protocolVersion: level })
}

function theirReading(bytes: Buffer, level: ProtocolLevel): object[] {
  const parser = mqttPacket.parser({ protocolVersion: level })
  const packets: object[] = []
  parser.on('packet', packet => packets.push(packet))
  parser.on('error', error => {
    throw error
  })
  parser.parse(bytes)
  return packets
}

/** They add the parts that MQTT 5 lets a sender leave out, and write properties in their own order. */
function mayDifferInBytes({ packet, level }: Sample): boolean {
  if (level !== 5) return false
  const shortens = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'disconnect', 'auth'].includes(packet.type)
  const hasProperties = 'properties' in packet && packet.properties !== undefined
  return shortens || hasProperties || (packet.type === 'connect' && packet.will?.properties !== undefined)
}

const runs = { numRuns: 4500 }

describe('random packets of every type and level', () => {
  test('are the same after a round trip', () => {
    fc.assert(
      fc.property(samples, ({ packet, level }) => {
        expect(decodeAll(encode(packet, level), level)).toEqual([packet])
      }),
      runs,
    )
  })

  test('are written as mqtt-packet writes them', () => {
    fc.assert(
      fc.property(samples.filter(suitsTheOracle), sample => {
        const bytes = theirBytes(sample)
        expect(decodeAll(bytes, sample.level)).toEqual([sample.packet])
        if (!mayDifferInBytes(sample)) expect(encode(sample.packet, sample.level).equals(bytes)).toBe(true)
      }),
      runs,
    )
  })

  test('are read by mqtt-packet as we meant them', () => {
    fc.assert(
      fc.property(samples.filter(suitsTheOracle), sample => {
        const [read, ...more] = theirReading(encode(sample.packet, sample.level), sample.level)
        expect(read).toMatchObject(theirs(sample))
        expect(more).toEqual([])
      }),
      runs,
    )
  })
})

describe('bytes of a hostile peer', () => {
  const level = fc.constantFrom<ProtocolLevel>(3, 4, 5)

  /** What was read can be written, and means the same when it is read again. */
  function readOrRefuse(bytes: Buffer, protocolLevel: ProtocolLevel): void {
    let packets: Packet[]
    try {
      packets = decodeAll(bytes, protocolLevel)
    } catch (error) {
      if (error instanceof MalformedPacket) return
      throw error
    }
    for (const packet of packets) {
      expect(decodeAll(encode(packet, protocolLevel), protocolLevel)).toEqual([packet])
    }
  }

  test('are refused with MalformedPacket or mean something, when random', () => {
    const bytes = fc.uint8Array({ minLength: 2, maxLength: 64 })
    fc.assert(
      fc.property(bytes, level, (random, protocolLevel) => readOrRefuse(Buffer.from(random), protocolLevel)),
      runs,
    )
  })

  test('are refused with MalformedPacket or mean something, when random behind a good header', () => {
    const body = fc.uint8Array({ maxLength: 64 })
    fc.assert(
      fc.property(fc.nat(255), body, level, (firstByte, random, protocolLevel) =>
        readOrRefuse(Buffer.from([firstByte, random.length, ...random]), protocolLevel),
      ),
      runs,
    )
  })

  test('are refused with MalformedPacket or mean something, when a good packet has one byte changed', () => {
    fc.assert(
      fc.property(samples, fc.nat(), fc.nat(255), ({ packet, level: protocolLevel }, position, value) => {
        const bytes = encode(packet, protocolLevel)
        bytes[position % bytes.length] = value
        readOrRefuse(bytes, protocolLevel)
      }),
      runs,
    )
  })
})
