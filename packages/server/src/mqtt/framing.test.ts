import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { goodCases, hex } from './cases.suite.ts'
import { Framer } from './framing.ts'
import { MalformedPacket } from './index.ts'

const stream = Buffer.concat(goodCases.map(({ bytes }) => bytes))
const noLimit = { maxPacketSizeBytes: Number.POSITIVE_INFINITY }

/** A PUBLISH of this size, fixed header included (up to 16,386 bytes: the length takes two). */
function packetOf(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  const remainingLength = sizeBytes - 3
  hex('30', ((remainingLength & 0x7f) | 0x80).toString(16), (remainingLength >> 7).toString(16).padStart(2, '0')).copy(
    bytes,
  )
  return bytes
}

function sizeOf(cases: typeof goodCases): number {
  return cases.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

function drain(framer: Framer, most = Number.POSITIVE_INFINITY): Buffer[] {
  const packets: Buffer[] = []
  while (packets.length < most && framer.next()) packets.push(framer.buffer.subarray(framer.start, framer.end))
  return packets
}

test('the same packets come out wherever the stream is cut and however late they are read', () => {
  const packetEdges = goodCases.map((_, index) => sizeOf(goodCases.slice(0, index)))
  const edge = fc.oneof(fc.integer({ min: 0, max: stream.length }), fc.constantFrom(...packetEdges))
  const readsPerChunk = fc.constantFrom(0, 1, 2, Number.POSITIVE_INFINITY)
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 40 }), readsPerChunk, (cuts, reads) => {
      const framer = new Framer(noLimit)
      const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
      const packets = edges.slice(1).flatMap((end, index) => {
        framer.push(stream.subarray(edges[index], end))
        return drain(framer, reads)
      })
      packets.push(...drain(framer))
      expect(Buffer.concat(packets).equals(stream)).toBe(true)
      expect(packets).toHaveLength(goodCases.length)
      expect(framer.heldBytes).toBe(0)
    }),
    { numRuns: 300 },
  )
})

test('a chunk pushed while others wait comes after them', () => {
  const framer = new Framer(noLimit)
  framer.push(hex('c0 00'))
  framer.push(hex('d0 00'))
  expect(drain(framer, 1)).toEqual([hex('c0 00')])
  framer.push(hex('e0 00'))
  expect(drain(framer)).toEqual([hex('d0 00'), hex('e0 00')])
})

test('a packet that lies whole in a chunk is framed in place', () => {
  const framer = new Framer(noLimit)
  const chunk = Buffer.concat([hex('c0 00'), packetOf(200), hex('d0')])
  framer.push(chunk)
  for (const [start, bodyStart, end] of [
    [0, 2, 2],
    [2, 5, 202],
  ]) {
    expect(framer.next()).toBe(true)
    expect(framer.buffer).toBe(chunk)
    expect([framer.start, framer.bodyStart, framer.end]).toEqual([start, bodyStart, end])
  }
  expect(framer.next()).toBe(false)
})

test('only the split packet is gathered; those behind it in the chunk are framed in place', () => {
  const framer = new Framer(noLimit)
  framer.push(packetOf(200).subarray(0, 150))
  expect(framer.next()).toBe(false)
  const chunk = Buffer.concat([packetOf(200).subarray(150), packetOf(300)])
  framer.push(chunk)
  expect(framer.next()).toBe(true)
  expect(framer.end - framer.start).toBe(200)
  expect(framer.next()).toBe(true)
  expect(framer.buffer).toBe(chunk)
})

describe('the packet size limit', () => {
  test.each([
    { name: 'in one chunk', pieces: [packetOf(201)] },
    { name: 'as a header alone', pieces: [packetOf(201).subarray(0, 3)] },
    { name: 'as a header in two chunks', pieces: [packetOf(201).subarray(0, 2), packetOf(201).subarray(2, 3)] },
  ])('refuses one byte too many $name', ({ pieces }) => {
    const framer = new Framer({ maxPacketSizeBytes: 200 })
    const readAll = (): void => {
      for (const piece of pieces) {
        framer.push(piece)
        drain(framer)
      }
    }
    expect(readAll).toThrow(MalformedPacket)
    expect(() => framer.next()).toThrow(expect.objectContaining({ reasonCode: 0x95, packetType: 'publish' }))
  })

  test('counts the fixed header and takes what just fits', () => {
    const framer = new Framer({ maxPacketSizeBytes: 200 })
    framer.push(packetOf(200))
    expect(drain(framer)).toHaveLength(1)
  })

  test('can be raised between two packets of one chunk', () => {
    const framer = new Framer({ maxPacketSizeBytes: 2 })
    framer.push(Buffer.concat([hex('c0 00'), packetOf(200)]))
    expect(framer.next()).toBe(true)
    framer.maxPacketSizeBytes = 200
    expect(framer.next()).toBe(true)
  })

  test('a Remaining Length of five bytes is malformed as soon as four have come', () => {
    const framer = new Framer(noLimit)
    framer.push(hex('30 ff ff ff ff'))
    expect(() => framer.next()).toThrow(expect.objectContaining({ reasonCode: 0x81 }))
  })
})

describe('memory held for an unfinished packet', () => {
  const longestHeader = hex('30 ff ff ff 7f') // announces 256 MiB, the most that MQTT can

  test('does not follow the announced length, even without a limit', () => {
    const framer = new Framer(noLimit)
    framer.push(longestHeader)
    expect(framer.next()).toBe(false)
    expect(framer.heldBytes).toBeLessThanOrEqual(256)
  })

  test('is nothing when the announced length is over the limit', () => {
    const framer = new Framer({ maxPacketSizeBytes: 262_144 })
    for (const byte of longestHeader.subarray(0, 4)) {
      framer.push(Buffer.of(byte))
      expect(framer.next()).toBe(false)
    }
    framer.push(longestHeader.subarray(4))
    expect(() => framer.next()).toThrow(expect.objectContaining({ reasonCode: 0x95 }))
    expect(framer.heldBytes).toBeLessThanOrEqual(256)
  })

  test('is at most twice what was received, and never more than the packet', () => {
    const framer = new Framer(noLimit)
    const packet = packetOf(16_000)
    let growths = 0
    let held = 0
    for (let received = 1; received < packet.length; received++) {
      framer.push(packet.subarray(received - 1, received))
      expect(framer.next()).toBe(false)
      if (framer.heldBytes !== held) growths++
      held = framer.heldBytes
      expect(held <= Math.min(Math.max(256, 2 * received), packet.length)).toBe(true)
    }
    expect(growths).toBe(7) // 256, 512, … 8192, 16000: the copying is linear
    framer.push(packet.subarray(-1))
    expect(drain(framer)).toEqual([packet])
    expect(framer.heldBytes).toBe(0)
  })

  test('is no longer than the packet for one that is nearly whole', () => {
    const framer = new Framer(noLimit)
    framer.push(packetOf(200).subarray(0, 150))
    framer.next()
    expect(framer.heldBytes).toBeLessThanOrEqual(200)
  })

  test('counts chunks that wait to be read', () => {
    const framer = new Framer(noLimit)
    framer.push(hex('c0 00'))
    framer.push(packetOf(300))
    expect(framer.heldBytes).toBe(302)
  })
})

describe('the rest for another owner', () => {
  test.each([
    { name: 'nothing when all was read', pieces: [hex('c0 00')], reads: 1, rest: hex('') },
    { name: 'what follows in the chunk', pieces: [hex('c0 00 d0 00')], reads: 1, rest: hex('d0 00') },
    { name: 'a gathered beginning', pieces: [hex('c0 00 30')], reads: 2, rest: hex('30') },
    {
      name: 'a beginning and waiting chunks',
      pieces: [hex('c0 00 d0'), hex('00 c0'), hex('00')],
      reads: 1,
      rest: hex('d0 00 c0 00'),
    },
  ])('is $name', ({ pieces, reads, rest }) => {
    const framer = new Framer(noLimit)
    for (const piece of pieces) framer.push(piece)
    for (let read = 0; read < reads; read++) framer.next()
    expect(framer.takeRest()).toEqual(rest)
    expect(framer.next()).toBe(false)
    expect(framer.heldBytes).toBe(0)
    framer.push(hex('c0 00'))
    expect(framer.next()).toBe(true)
  })
})
