import { describe, expect, it } from 'vitest'
import { encode, type Frame, type Packet } from '../../mqtt/index.ts'
import { Passage, type PassageHandler } from './passage.ts'

const publish = (sizeBytes: number, qos: 0 | 1 = 0): Packet => ({
  ...{ type: 'publish', topic: 't', payload: Buffer.alloc(sizeBytes, 0x61), qos, retain: false, dup: false },
  packetId: qos === 0 ? undefined : 7,
})
const packets: readonly Packet[] = [
  publish(0),
  { type: 'suback', packetId: 1, reasonCodes: [0, 1] },
  publish(200, 1),
  { type: 'pingresp' },
  publish(20_000),
  { type: 'suback', packetId: 2, reasonCodes: Array.from({ length: 300 }, () => 1) },
  { type: 'puback', packetId: 3, reasonCode: 0 },
]
const stream = Buffer.concat(packets.map(packet => encode(packet, 4)))

/** What is let through and what is seen as a whole, in order. */
class Recorder implements PassageHandler {
  readonly passed: Buffer[] = []
  readonly seen: Buffer[] = []
  readonly begun: number[] = []
  readonly order: string[] = []

  wants(firstByte: number): boolean {
    return firstByte >> 4 === 9
  }
  begins(firstByte: number): void {
    this.begun.push(firstByte >> 4)
    this.order.push('pass')
  }
  pass(buffer: Buffer, start: number, end: number): void {
    this.passed.push(Buffer.from(buffer.subarray(start, end)))
  }
  packet({ buffer, start, end }: Frame): void {
    this.seen.push(Buffer.from(buffer.subarray(start, end)))
    this.order.push('see')
  }
}

const expected = (isSeen: boolean): Buffer =>
  Buffer.concat(packets.filter(({ type }) => (type === 'suback') === isSeen).map(packet => encode(packet, 4)))

function check(chunks: readonly Buffer[]): Recorder {
  const recorder = new Recorder()
  const passage = new Passage(recorder)
  for (const chunk of chunks) expect(passage.push(chunk)).toBe(true)
  expect(passage.isBetween).toBe(true)
  expect(Buffer.concat(recorder.passed).equals(expected(false))).toBe(true)
  expect(Buffer.concat(recorder.seen).equals(expected(true))).toBe(true)
  expect(recorder.order).toEqual(packets.map(({ type }) => (type === 'suback' ? 'see' : 'pass')))
  return recorder
}

describe('the stream from the cluster', () => {
  it('passes in place, but for the packets that are wanted', () => {
    expect(check([stream]).begun).toEqual([3, 3, 13, 3, 4])
  })

  it('is cut at its packets’ ends wherever its chunks are cut', () => {
    for (let at = 1; at < stream.length; at += at < 300 || at > 20_200 ? 1 : 97) {
      check([stream.subarray(0, at), stream.subarray(at)])
    }
    check([...stream].map(byte => Buffer.from([byte])))
  })

  it('gathers nothing of a packet that passes, and knows that it is inside of one', () => {
    const recorder = new Recorder()
    const passage = new Passage(recorder)
    const large = encode(publish(20_000), 4)
    passage.push(large.subarray(0, 10_000))
    expect(passage.isBetween).toBe(false)
    expect(Buffer.concat(recorder.passed)).toHaveLength(10_000)
    passage.push(large.subarray(10_000))
    expect(passage.isBetween).toBe(true)
  })

  it.each([
    ['at once', [Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01])]],
    ['byte by byte', [0x30, 0xff, 0xff, 0xff, 0xff].map(byte => Buffer.from([byte]))],
  ])('ends at a length of more than four bytes, %s', (_, chunks) => {
    const passage = new Passage(new Recorder())
    expect(chunks.map(chunk => passage.push(chunk)).at(-1)).toBe(false)
  })
})
