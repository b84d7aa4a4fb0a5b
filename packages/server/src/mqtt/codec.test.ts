import { describe, expect, test } from 'vitest'
import { badCases, goodCases, hex } from './cases.suite.ts'
import {
  decode,
  encode,
  encodePublish,
  encodePublishTemplate,
  type Frame,
  Framer,
  hasShortestHeader,
  MalformedPacket,
  type Packet,
  type ProtocolLevel,
  type Publish,
  stampPublish,
} from './index.ts'

const noLimit = { maxPacketSizeBytes: Number.POSITIVE_INFINITY }

function frameOf(bytes: Buffer): Framer {
  const framer = new Framer(noLimit)
  framer.push(bytes)
  expect(framer.next()).toBe(true)
  return framer
}

/** The outcome of decoding, comparable: the packet, or the code and message of the error. */
function outcome(frame: Frame, level: ProtocolLevel): unknown {
  try {
    return structuredClone(decode(frame, level))
  } catch (error) {
    if (!(error instanceof MalformedPacket)) throw error
    return { reasonCode: error.reasonCode, message: error.message }
  }
}

describe.each(goodCases)('$name (level $level)', ({ bytes, level, packet, written }) => {
  test('is decoded', () => {
    expect(decode(frameOf(bytes), level)).toEqual(packet)
  })

  test('is encoded', () => {
    expect(encode(packet, level).toString('hex')).toBe((written ?? bytes).toString('hex'))
  })

  test('is the same after a round trip', () => {
    expect(decode(frameOf(encode(packet, level)), level)).toEqual(packet)
  })

  test('is the same when it arrives byte by byte', () => {
    const framer = new Framer(noLimit)
    for (const [index] of bytes.entries()) {
      expect(framer.next()).toBe(false)
      framer.push(bytes.subarray(index, index + 1))
    }
    expect(framer.next()).toBe(true)
    expect(decode(framer, level)).toEqual(packet)
    expect(framer.next()).toBe(false)
    expect(framer.heldBytes).toBe(0)
  })

  test('never reads outside its frame, however short that is cut', () => {
    const { bodyStart } = frameOf(bytes)
    for (let end = bodyStart; end <= bytes.length; end++) {
      const outcomes = [0x00, 0xff].map(filling => {
        const buffer = Buffer.alloc(bytes.length + 8, filling)
        bytes.copy(buffer, 4, 0, end)
        return outcome({ buffer, firstByte: bytes[0] ?? 0, start: 4, bodyStart: bodyStart + 4, end: end + 4 }, level)
      })
      expect(outcomes[0]).toEqual(outcomes[1])
    }
  })
})

describe.each(badCases)('$name (level $level)', ({ bytes, level, reasonCode, message }) => {
  test('is refused with its reason code and a message that says why', () => {
    const error = caught(() => decode(frameOf(bytes), level))
    expect(error).toBeInstanceOf(MalformedPacket)
    expect(error).toMatchObject({ reasonCode, message: expect.stringMatching(message) })
  })
})

test('all packets come out of one chunk, in order', () => {
  const framer = new Framer(noLimit)
  framer.push(Buffer.concat(goodCases.map(({ bytes }) => bytes)))
  const packets = goodCases.map(({ level }) => {
    expect(framer.next()).toBe(true)
    return decode(framer, level)
  })
  expect(packets).toEqual(goodCases.map(({ packet }) => packet))
  expect(framer.next()).toBe(false)
})

describe('a refused CONNECT', () => {
  const cases = [
    { name: 'the level asked for, served or not', bytes: '10 0d 0004 4d515454 06 02 003c 0001 61', protocolLevel: 6 },
    {
      name: 'level 5 for what is malformed later',
      bytes: '10 0e 0004 4d515454 05 03 003c 00 0001 61',
      protocolLevel: 5,
    },
    { name: 'no level when it broke off before', bytes: '10 06 0004 4d515454', protocolLevel: undefined },
    { name: 'no level for a foreign protocol', bytes: '10 07 0004 41424344 05', protocolLevel: undefined },
  ]
  test.each(cases)('says $name', ({ bytes, protocolLevel }) => {
    expect(caught(() => decode(frameOf(hex(bytes)), 4))).toMatchObject({ packetType: 'connect', protocolLevel })
  })
})

describe('PUBLISH', () => {
  const publish: Publish = {
    type: 'publish',
    topic: 'a/b',
    payload: Buffer.from('hello'),
    qos: 1,
    retain: false,
    dup: false,
    packetId: 1,
    properties: { subscriptionIdentifiers: [7] },
  }

  test('gives its payload as a view of the memory it came in', () => {
    const bytes = encodePublish(publish, 4)
    const packet = decode(frameOf(bytes), 4)
    expect(packet.type === 'publish' && packet.payload.buffer).toBe(bytes.buffer)
  })

  test.each([3, 4, 5] as const)('one template serves many subscribers at level %i', level => {
    const template = encodePublishTemplate(publish, level)
    for (const packetId of [1, 0x1234, 0xffff]) {
      expect(stampPublish(template, packetId)).toEqual(encodePublish({ ...publish, packetId }, level))
    }
    expect(template.bytes).toEqual(encodePublish(publish, level))
  })

  test('a template of QoS 0 has no packet identifier', () => {
    const template = encodePublishTemplate({ ...publish, qos: 0 }, 5)
    expect(template.packetIdOffset).toBe(0)
    expect(decode(frameOf(template.bytes), 5)).toEqual({ ...publish, qos: 0, packetId: undefined })
  })

  test.each([undefined, 0])('is not encoded with QoS 1 and packet identifier %s', packetId => {
    expect(() => encodePublish({ ...publish, packetId }, 4)).toThrow(RangeError)
  })

  test('tells a padded Remaining Length from the shortest', () => {
    const body = encodePublish(publish, 4).subarray(2)
    expect(hasShortestHeader(frameOf(Buffer.concat([hex('32 0c'), body])))).toBe(true)
    expect(hasShortestHeader(frameOf(Buffer.concat([hex('32 8c 00'), body])))).toBe(false)
  })
})

describe('what MQTT cannot carry is refused by name', () => {
  const publish = { type: 'publish', topic: 't', payload: Buffer.alloc(0), qos: 0, retain: false, dup: false } as const
  const cases: { packet: Packet; message: RegExp }[] = [
    { packet: { ...publish, topic: 'x'.repeat(65536) }, message: /topic takes 65536 bytes/ },
    { packet: { ...publish, payload: Buffer.alloc(0x10000000) }, message: /the packet takes/ },
    { packet: { ...publish, properties: { topicAlias: 0 } }, message: /topicAlias is 0/ },
    { packet: { ...publish, properties: { topicAlias: 65536 } }, message: /topicAlias is 65536/ },
    {
      packet: { ...publish, properties: { messageExpiryIntervalSeconds: -1 } },
      message: /ExpiryIntervalSeconds is -1/,
    },
    { packet: { ...publish, properties: { messageExpiryIntervalSeconds: 0.5 } }, message: /0\.5/ },
    { packet: { ...publish, properties: { subscriptionIdentifiers: [1, 0] } }, message: /Identifiers is 0/ },
    { packet: { ...publish, properties: { correlationData: Buffer.alloc(65536) } }, message: /correlationData/ },
  ]
  test.each(cases)('$message', ({ packet, message }) => {
    expect(() => encode(packet, 5)).toThrow(RangeError)
    expect(() => encode(packet, 5)).toThrow(message)
  })

  test('AUTH below MQTT 5', () => {
    expect(() => encode({ type: 'auth', reasonCode: 0 }, 4)).toThrow(RangeError)
  })
})

function caught(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
