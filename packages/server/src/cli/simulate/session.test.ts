import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Packet } from '../../mqtt/index.ts'
import { DeviceSession, MAX_UNACKNOWLEDGED, type Messages } from './session.ts'
import { Tally } from './tally.ts'

const device = { productKey: 'pk1', deviceName: 'dev1' }
let sent: Packet[]
let cuts: number
let receive: (packet: Packet) => void
let tally: Tally
beforeEach(() => {
  vi.useFakeTimers()
  sent = []
  cuts = 0
  tally = new Tally({ devices: 1, misbehaving: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

function open(change: Partial<Messages> = {}): DeviceSession {
  const line = {
    listen: (listener: typeof receive) => {
      receive = listener
    },
    send: (packet: Packet) => {
      sent.push(packet)
    },
    cut: () => {
      cuts += 1
    },
  }
  const topic: Messages['topic'] = ({ deviceName }) => `/pk1/${deviceName}/up`
  const payload: Messages['payload'] = ({ count }) => `n${count}`
  return new DeviceSession(device, { line, tally, messages: { topic, payload, qos: 1, intervalMs: 1000, ...change } })
}
const message = (change: object = {}): Packet => ({
  ...{ type: 'publish', topic: '/pk1/dev1/user/get', payload: Buffer.from('x'), qos: 0, retain: false, dup: false },
  ...change,
})

describe('a session of a simulated device', () => {
  it('publishes once in each interval, counting, and takes the time to the PUBACK', () => {
    const session = open()
    vi.advanceTimersByTime(1000)
    expect(sent).toMatchObject([{ topic: '/pk1/dev1/up', payload: Buffer.from('n1'), qos: 1, packetId: 1 }])
    receive({ type: 'puback', packetId: 1, reasonCode: 0 })
    receive({ type: 'puback', packetId: 9, reasonCode: 0 })
    vi.advanceTimersByTime(2000)
    expect(sent.slice(1)).toMatchObject([{ packetId: 2 }, { packetId: 3, payload: Buffer.from('n3') }])
    expect(tally).toMatchObject({ sent: 3, acknowledged: 1 })
    session.end()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('leaves messages out while too many wait for their acknowledgement', () => {
    open()
    vi.advanceTimersByTime((MAX_UNACKNOWLEDGED + 3) * 1000)
    expect(tally).toMatchObject({ sent: MAX_UNACKNOWLEDGED, leftOut: 3 })
    receive({ type: 'puback', packetId: 1, reasonCode: 0 })
    vi.advanceTimersByTime(1000)
    expect(tally.sent).toBe(MAX_UNACKNOWLEDGED + 1)
  })

  it('publishes nothing at an interval of 0', () => {
    open({ intervalMs: 0 })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('pings when it was quiet, and hangs up when that stays unanswered', () => {
    const session = open({ intervalMs: 0 })
    session.keepAlive()
    expect(sent).toEqual([])
    session.keepAlive()
    expect(sent).toEqual([{ type: 'pingreq' }])
    receive({ type: 'pingresp' })
    session.keepAlive()
    expect(sent).toHaveLength(2)
    expect(cuts).toBe(0)
    session.keepAlive()
    expect(cuts).toBe(1)
  })

  it('acknowledges what it receives, by its QoS', () => {
    open({ intervalMs: 0 })
    receive(message())
    receive(message({ qos: 1, packetId: 5 }))
    receive(message({ qos: 2, packetId: 6 }))
    receive({ type: 'pubrel', packetId: 6, reasonCode: 0 })
    expect(sent).toEqual([
      { type: 'puback', packetId: 5, reasonCode: 0 },
      { type: 'pubrec', packetId: 6, reasonCode: 0 },
      { type: 'pubcomp', packetId: 6, reasonCode: 0 },
    ])
    expect(tally.received).toBe(3)
  })

  it('answers a request with what it holds, and goes when the server says so', () => {
    open({ intervalMs: 0 })
    receive(message({ topic: '/sys/pk1/dev1/rrpc/request/77', payload: Buffer.from('ping') }))
    expect(sent).toMatchObject([{ topic: '/sys/pk1/dev1/rrpc/response/77', payload: Buffer.from('ping'), qos: 0 }])
    receive({ type: 'disconnect', reasonCode: 0x8b })
    expect(cuts).toBe(1)
  })
})
