import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createMemoryRegistry, type MemoryRegistry } from '../onboarding/memory-registry.suite.ts'
import { rules } from '../onboarding/rules.ts'
import { Listeners } from '../registry/listeners.ts'
import type { LeaseEvent } from '../registry/store.ts'
import { application, createFakeBroker, device, type FakeBroker } from './fake-broker.suite.ts'
import { createPlatform, type Platform } from './platform.ts'

let broker: FakeBroker
let registry: MemoryRegistry
let leaseEvents: Listeners<LeaseEvent>
let platform: Platform
let errors: unknown[]
/** What the store says of changes to come. */
let counts: boolean
let written: string[]

beforeEach(() => {
  broker = createFakeBroker()
  const memory = createMemoryRegistry(rules)
  leaseEvents = new Listeners<LeaseEvent>()
  counts = true
  written = []
  errors = []
  const notePresence: MemoryRegistry['store']['notePresence'] = async changes => {
    written.push(...changes.map(({ deviceName, online, at }) => `${deviceName} ${online ? 'online' : 'offline'} ${at}`))
    return changes.map(() => counts)
  }
  registry = { ...memory, store: { ...memory.store, notePresence }, onLeaseEvent: listen => leaseEvents.add(listen) }
  platform = createPlatform({ broker, registry, clock: () => 900, onError: error => errors.push(error) })
})

afterEach(async () => {
  await platform.close()
})

/** After what was noted in this turn is written. */
const turns = async () => {
  for (let turn = 0; turn < 4; turn += 1) await new Promise(resolve => setImmediate(resolve))
}
const statuses = (): string[] =>
  broker.published.map(({ topic, payload }) => `${topic} ${(JSON.parse(payload) as { status: string }).status}`)
const come = (identity = device(), at = 1): void => {
  broker.connect(identity)
  broker.tellPresence({ identity, online: true, at })
}
const go = (over: { takenOver?: boolean; reason?: 'server-shutting-down' } = {}, identity = device()): void => {
  broker.disconnect(identity.sessionId, 'session-taken-over')
  broker.tellPresence({ identity, online: false, at: 2, ...over })
}

describe('presence where gateways share a registry', () => {
  beforeEach(() => {
    for (const deviceName of ['dev1', 'a', 'b']) {
      registry.addDevice({ productKey: 'pk1', deviceName, deviceSecret: 'secret', secretActivatedAt: 1 })
    }
  })

  test('is told when it is noted, and only what counts', async () => {
    come()
    expect(broker.published).toEqual([])
    await turns()
    expect(statuses()).toEqual(['/as/mqtt/status/pk1/dev1 online'])
    counts = false
    go()
    await turns()
    expect(written).toEqual(['dev1 online 1', 'dev1 offline 2'])
    expect(statuses()).toEqual(['/as/mqtt/status/pk1/dev1 online'])
  })

  test('of a connection that was taken over here is not noted', async () => {
    come()
    go({ takenOver: true })
    come(device(), 3)
    await turns()
    expect(written).toEqual(['dev1 online 3'])
  })

  test('of one that was taken over elsewhere is left to the store', async () => {
    come()
    await turns()
    counts = false
    go({ takenOver: true })
    await turns()
    expect(written).toEqual(['dev1 online 1', 'dev1 offline 2'])
    expect(statuses()).toHaveLength(1)
  })

  test('that ends because the server stops is told while the broker is still there, and once', async () => {
    come()
    await turns()
    go({ reason: 'server-shutting-down' })
    expect(statuses()).toEqual(['/as/mqtt/status/pk1/dev1 online', '/as/mqtt/status/pk1/dev1 offline'])
    await platform.close()
    expect(written).toEqual(['dev1 online 1', 'dev1 offline 2'])
    expect(statuses()).toHaveLength(2)
  })

  test('of the devices of a dead gateway is told by the one that found it', () => {
    const gone = { productKey: 'pk1', online: false, at: 7, address: null }
    leaseEvents.tell({
      kind: 'abandoned',
      devices: [
        { ...gone, deviceName: 'a' },
        { ...gone, deviceName: 'b' },
      ],
    })
    expect(statuses()).toEqual(['/as/mqtt/status/pk1/a offline', '/as/mqtt/status/pk1/b offline'])
  })

  test('is noted anew, with the time of now, when the lease was lost', async () => {
    come(device('a'))
    come(device('b'))
    go({}, device('b'))
    broker.connect(application())
    broker.tellPresence({ identity: application(), online: true })
    await turns()
    written.length = 0
    broker.published.length = 0
    leaseEvents.tell({ kind: 'lost' })
    await turns()
    expect(written).toEqual(['a online 900'])
    expect(statuses()).toEqual(['/as/mqtt/status/pk1/a online'])
  })

  test('is not noted anew of a device that has come elsewhere: its connection here is taken over', async () => {
    for (const deviceName of ['a', 'b']) come(device(deviceName))
    await turns()
    const sinces: unknown[] = []
    registry.store.notePresence = async changes => {
      sinces.push(...changes.map(({ deviceName, since }) => `${deviceName} ${since}`))
      return changes.map(({ deviceName }) => deviceName === 'a')
    }
    leaseEvents.tell({ kind: 'lost' })
    await turns()
    leaseEvents.tell({ kind: 'lost' })
    await turns()
    expect(sinces).toEqual(['a 1', 'b 1', 'a 900'])
    expect(broker.cut).toEqual([{ sessionId: 'pk1/b', reason: 'session-taken-over' }])
  })

  test('that was noted anew too late cuts off nobody who has come since', async () => {
    come(device('a'))
    await turns()
    const { promise: asked, resolve: refuse } = Promise.withResolvers<readonly boolean[]>()
    registry.store.notePresence = () => asked
    leaseEvents.tell({ kind: 'lost' })
    await turns()
    go({ takenOver: true }, device('a'))
    come(device('a'), 3)
    broker.cut.length = 0
    refuse([false])
    await turns()
    expect(broker.cut).toEqual([])
  })
})

describe('where changes of others may have been missed', () => {
  const anything = () => registry.announce({ kind: 'anything', at: 1 })
  const cut = () => broker.cut.map(({ sessionId, reason }) => `${sessionId} ${reason}`).sort()
  const soon = (assertion: () => void) => vi.waitFor(assertion, { interval: 1, timeout: 20_000 })

  const connected = async (...identities: Parameters<FakeBroker['connect']>[0][]) => {
    for (const identity of identities) {
      broker.connect(identity)
      broker.tellPresence({ identity, online: true, at: 100 })
    }
    await turns()
    expect(broker.cut).toEqual([])
  }
  const names = { productKey: 'pk1', deviceName: 'dev1' }
  const withSecret = (deviceName: string, secretActivatedAt: number | null) =>
    registry.addDevice({ productKey: 'pk1', deviceName, deviceSecret: 'secret', secretActivatedAt })

  test('everybody who may no longer be connected is cut off', async () => {
    const all = ['stays', 'deleted', 'disabled', 'renewed', 'replaced']
    for (const deviceName of all) withSecret(deviceName, 90)
    const issued = { clientId: 'a', tokenHash: 'hash', createdAt: 1, usedAt: 2, forbiddenAt: null }
    registry.addDevice({ ...names, clientIds: [issued] })
    registry.addKey({ id: 'hk1', secretHash: 'hash' })
    await connected(...all.map(deviceName => device(deviceName)), device('dev1', 'a'), application('hk1'))

    registry.removeDevice('pk1', 'deleted')
    registry.change('pk1', 'disabled', { kind: 'disable' })
    withSecret('renewed', null)
    withSecret('replaced', 101) // and logged in elsewhere
    registry.change('pk1', 'dev1', { kind: 'drop-all-client-ids' })
    registry.addKey({ id: 'hk1', secretHash: 'hash', revokedAt: 3 })
    anything()
    const credential = 'credential-revoked-now'
    await soon(() =>
      expect(cut()).toEqual([
        `@hk1/dashboard ${credential}`,
        'pk1/deleted device-deleted',
        `pk1/dev1 ${credential}`,
        'pk1/disabled device-disabled-now',
        `pk1/renewed ${credential}`,
        `pk1/replaced ${credential}`,
      ]),
    )
    expect(broker.connected('pk1/stays')).toBeDefined()
  })

  test('a crowd is gone through to its end, and again if something else was missed meanwhile', async () => {
    const crowd = Array.from({ length: 220 }, (_, at) => `crowd${at}`)
    for (const deviceName of crowd) withSecret(deviceName, 90)
    await connected(...crowd.map(deviceName => device(deviceName)))
    anything()
    await turns()
    registry.change('pk1', 'crowd0', { kind: 'disable' })
    registry.change('pk1', 'crowd219', { kind: 'disable' })
    anything()
    await soon(() => expect(cut()).toHaveLength(2))
  })

  test('a store that fails is asked again', async () => {
    withSecret('dev1', 90)
    await connected(device())
    registry.change('pk1', 'dev1', { kind: 'disable' })
    registry.fail(new Error('down'))
    anything()
    await soon(() => expect(errors).toHaveLength(1))
    registry.fail(undefined)
    await soon(() => expect(cut()).toEqual(['pk1/dev1 device-disabled-now']))
  })

  test('closing ends it, and leaves no listener behind', async () => {
    withSecret('dev1', 90)
    await connected(device())
    registry.fail(new Error('down'))
    anything()
    await soon(() => expect(errors).toHaveLength(1))
    await platform.close()
    expect(broker.listeners()).toBe(0)
  })
})
