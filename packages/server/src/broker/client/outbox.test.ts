import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Link } from '../port.ts'
import { Meter } from './meter.ts'
import { Outbox } from './outbox.ts'

function outboxOn(writes: Buffer[]): { outbox: Outbox; meter: Meter; link: Link } {
  const link: Link = {
    transport: 'tcp',
    address: '192.0.2.1',
    pendingBytes: 0,
    drainListener: undefined,
    write: bytes => writes.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    pauseReading: () => {},
    resumeReading: () => {},
    end: () => {},
    destroy: () => {},
  }
  const meter = new Meter()
  return { outbox: new Outbox(link, meter), meter, link }
}

const chunk = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251))
const range = (start: number, end: number, packetIdOffset = 0) => ({ buffer: chunk, start, end, packetIdOffset })

it('passes the neighbours of one chunk on as one range, without a copy', () => {
  const writes: Buffer[] = []
  const { outbox } = outboxOn(writes)
  outbox.publish(range(0, 40_000), chunk[0] ?? 0, 0)
  outbox.publish(range(40_000, 100_000), chunk[40_000] ?? 0, 0)
  outbox.flush()
  expect(writes).toHaveLength(1)
  expect(writes[0]?.buffer).toBe(chunk.buffer)
  expect(writes[0]).toEqual(chunk)
})

it('copies a few bytes out of a large chunk, which would be kept in memory for them', () => {
  const writes: Buffer[] = []
  const { outbox } = outboxOn(writes)
  outbox.publish(range(10, 20), 10, 0)
  outbox.flush()
  expect(writes[0]).toEqual(chunk.subarray(10, 20))
  expect(writes[0]?.buffer).not.toBe(chunk.buffer)
})

it('leaves the bytes of a flush alone afterwards', () => {
  const writes: Buffer[] = []
  const { outbox } = outboxOn(writes)
  outbox.acknowledge(0x40, 1)
  outbox.flush()
  outbox.acknowledge(0x40, 2)
  outbox.flush()
  expect(writes.map(bytes => bytes.toString('hex'))).toEqual(['40020001', '40020002'])
})

it('writes everything in its order, whatever it is', () => {
  const offset = fc.nat({ max: 99_000 })
  const step = fc.oneof(
    fc.record({ do: fc.constant('range' as const), start: offset, size: fc.integer({ min: 5, max: 1000 }) }),
    fc.record({ do: fc.constant('next' as const), start: offset, size: fc.integer({ min: 5, max: 20_000 }) }),
    fc.record({ do: fc.constant('stamp' as const), start: offset, size: fc.integer({ min: 5, max: 1000 }) }),
    fc.record({ do: fc.constant('acknowledge' as const), start: offset, size: fc.constant(4) }),
    fc.record({ do: fc.constant('flush' as const), start: offset, size: fc.constant(0) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const writes: Buffer[] = []
      const { outbox, meter, link } = outboxOn(writes)
      const expected: Buffer[] = []
      let at = 0
      for (const { do: what, start, size } of steps) {
        const from = what === 'next' ? at : start
        const end = Math.min(from + size, chunk.length)
        at = end
        const bytes = Buffer.from(chunk.subarray(from, end))
        if (what === 'flush') outbox.flush()
        else if (what === 'acknowledge') {
          outbox.acknowledge(0x40, start & 0xffff)
          expected.push(Buffer.from([0x40, 2, (start >> 8) & 0xff, start & 0xff]))
        } else if (end - from >= 5) {
          const stamped = what === 'stamp'
          outbox.publish(range(from, end, stamped ? 2 : 0), stamped ? 0x32 : (bytes[0] ?? 0), 0x1234)
          if (stamped) bytes.set([0x32, bytes[1] ?? 0, 0x12, 0x34])
          expected.push(bytes)
        }
      }
      outbox.flush()
      expect(outbox.unsentBytes).toBe(link.pendingBytes)
      expect(Buffer.concat(writes).equals(Buffer.concat(expected))).toBe(true)
      expect(meter.bytesOut).toBe(Buffer.concat(expected).length)
    }),
  )
})
