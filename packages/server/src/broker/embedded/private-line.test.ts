import { describe, expect, test } from 'vitest'
import { application, device, rig } from './fake-client.suite.ts'

const message = { topic: '/sys/pk1/dev1/secret', payload: Buffer.from('s3cret') }

describe('a private message', () => {
  test.each([3, 4, 5] as const)('reaches its client without a subscription, and nobody else, at level %i', level => {
    const { broker, client, runTurns } = rig()
    const watched: unknown[] = []
    broker.watch('pk1/dev1', passing => watched.push(passing))
    const [gateway, app] = [client(device(), { level }), client(application())]
    app.subscribe('#')
    const [before, others] = [gateway.received().length, app.received().length]
    expect(broker.privateLine('pk1/dev1')?.sendPrivately(message)).toBe(true)
    runTurns()
    const [publish, ...more] = gateway.received().slice(before)
    expect(more).toEqual([])
    expect(publish).toMatchObject({ type: 'publish', ...message, qos: 0, retain: false })
    expect(app.received()).toHaveLength(others)
    expect(watched).toEqual([])
  })

  test('goes to the connection that was asked, not to the one that took its place', () => {
    const { broker, client, runTurns } = rig()
    client(device())
    const line = broker.privateLine('pk1/dev1')
    const successor = client(device())
    const before = successor.received().length
    expect(line?.sendPrivately(message)).toBe(false)
    runTurns()
    expect(successor.received()).toHaveLength(before)
  })

  test('is not sent to a client that takes no packet of its size, who stays', () => {
    const { broker, client } = rig()
    client(device(), { level: 5, connect: { properties: { maximumPacketSizeBytes: 20 } } })
    expect(broker.privateLine('pk1/dev1')?.sendPrivately(message)).toBe(false)
    expect(broker.connected('pk1/dev1')).toBeDefined()
  })

  test('there is no line to who is not connected', () => {
    expect(rig().broker.privateLine('pk1/dev1')).toBeUndefined()
  })
})
