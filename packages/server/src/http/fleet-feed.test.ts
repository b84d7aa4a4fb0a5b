import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Presence } from '../broker/port.ts'
import { Listeners } from '../registry/listeners.ts'
import type { LeaseEvent } from '../registry/store.ts'
import { createFleetFeed, type FeedListener, type PresenceEvent } from './fleet-feed.ts'
import { HTTP_DEFAULTS } from './parts.ts'

type Said = { gateway: string; word: unknown }

/** Gateways that hear each other, as those of one database do. */
function fleetOf(...names: string[]) {
  const channel = new Listeners<Said>()
  const words: Said[] = []
  const gateways = names.map(name => {
    const presence = new Listeners<Presence>()
    const leases = new Listeners<LeaseEvent>()
    const totals = { registrations: 0, logins: 0, refusals: 0 }
    const seen = { rates: [] as Parameters<FeedListener['rates']>[0][], presence: [] as PresenceEvent[] }
    const figures = { messagesIn: { 0: 0, 1: 0, 2: 0 }, messagesOut: { 0: 0, 1: 0, 2: 0 }, connections: 2 }
    const feed = createFleetFeed(
      {
        registry: {
          onLeaseEvent: (listener: (event: LeaseEvent) => void) => leases.add(listener),
          fleet: {
            say(word: object) {
              words.push({ gateway: name, word })
              channel.tell({ gateway: name, word })
            },
            onSaid: (listener: (said: Said) => void) =>
              channel.add(said => {
                if (said.gateway !== name) listener(said)
              }),
          },
        },
        broker: { onPresence: (listener: (told: Presence) => void) => presence.add(listener), stats: () => figures },
        activity: { totals },
        settings: HTTP_DEFAULTS,
        clock: () => Date.now(),
      } as unknown as Parameters<typeof createFleetFeed>[0],
      { rates: rates => seen.rates.push(rates), presence: event => seen.presence.push(event) },
    )
    const come = (deviceName: string, over: Partial<Presence> = {}): void =>
      presence.tell({
        identity: { kind: 'device', sessionId: `pk/${deviceName}`, productKey: 'pk', deviceName, clientId: null },
        ...{ online: true, at: Date.now(), address: '192.0.2.7', transport: 'tls', reason: null, takenOver: false },
        ...over,
      })
    return { name, feed, seen, totals, come, leases }
  })
  return { gateways, words }
}
const pair = () => {
  const { gateways, words } = fleetOf('one', 'other')
  const [one, other] = gateways
  if (one === undefined || other === undefined) throw new Error('there are two')
  return { one, other, words }
}
const seconds = (count: number): void => void vi.advanceTimersByTime(count * 1000)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('where nobody watches nothing is said, and nothing is measured', () => {
  const { one, words } = pair()
  one.come('dev1')
  seconds(60)
  expect(words).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})

test('who watches is told the rates of all gateways together, and which devices come and go anywhere', () => {
  const { one, other } = pair()
  one.feed.start()
  seconds(1)
  one.totals.logins += 2
  other.totals.logins += 3
  other.come('dev1')
  other.come('dev2', { online: false, reason: 'connection-lost' })
  one.come('dev3')
  seconds(2)
  expect(one.seen.rates.some(({ logins, gateways }) => logins >= 3 && gateways === 2)).toBe(true)
  expect(one.seen.rates.reduce((sum, { logins }) => sum + logins, 0)).toBe(5)
  expect(one.seen.rates.at(-1)).toMatchObject({ gateways: 2, connections: 4, logins: 0 })
  expect(one.seen.presence.map(({ deviceName, status, reason }) => [deviceName, status, reason])).toEqual([
    ['dev3', 'ONLINE', null],
    ['dev1', 'ONLINE', null],
    ['dev2', 'OFFLINE', 'connection-lost'],
  ])
  expect(other.seen).toEqual({ rates: [], presence: [] })
})

test('a gateway that has gone is not counted any more', () => {
  const { one, other } = pair()
  one.feed.start()
  seconds(3)
  other.feed.close()
  seconds(5)
  expect(one.seen.rates.at(-1)).toMatchObject({ gateways: 1, connections: 2 })
})

test('when nobody watches any more the others fall silent', () => {
  const { one, words } = pair()
  one.feed.start()
  seconds(60)
  one.feed.stop()
  seconds(30)
  const said = words.length
  seconds(60)
  expect(words).toHaveLength(said)
  expect(vi.getTimerCount()).toBe(0)
})

test('two that watch each other each count the other', () => {
  const { one, other } = pair()
  one.feed.start()
  other.feed.start()
  seconds(5)
  for (const { seen } of [one, other]) expect(seen.rates.at(-1)).toMatchObject({ gateways: 2 })
})

test('in a storm the others are told in few words that fit into a notification, and no more than fit', () => {
  const { one, other, words } = pair()
  one.feed.start()
  const address = '2001:0db8:1111:2222:3333:4444:5555:6666%interface0'
  for (let device = 0; device < 5000; device++) other.come(String(device).padStart(32, 'x'), { address })
  seconds(1)
  expect(one.seen.presence).toHaveLength(200)
  const told = words.filter(({ gateway }) => gateway === 'other').map(({ word }) => JSON.stringify(word).length)
  expect(told.length).toBeLessThan(12)
  expect(Math.max(...told)).toBeLessThan(7900)
})

test('devices of a gateway that died are told as gone', () => {
  const { one, other } = pair()
  one.feed.start()
  const devices = [{ productKey: 'pk', deviceName: 'dev1', online: false, at: 5, address: null }]
  other.leases.tell({ kind: 'abandoned', devices })
  seconds(1)
  expect(one.seen.presence).toMatchObject([{ deviceName: 'dev1', status: 'OFFLINE', reason: 'gateway-gone' }])
})

test('one that is here by another connection, and applications, are not told of', () => {
  const { one } = pair()
  one.feed.start()
  one.come('dev1', { online: false, takenOver: true })
  one.come('x', { identity: { kind: 'application', sessionId: '@k/1', keyId: 'k', products: 'all' } })
  expect(one.seen.presence).toEqual([])
})
