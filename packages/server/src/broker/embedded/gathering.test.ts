import { describe, expect, test } from 'vitest'
import { application, device, type FakeClient, publishPacket, type Rig, rig } from './fake-client.suite.ts'

const topic = '/pk1/dev1/user/update'

interface Clock {
  made: Rig
  publisher: FakeClient
  subscriber: FakeClient
  /** A message, and the end of its turn. */
  publish(payload: string): void
  /** The millisecond for which flushes wait is over. */
  elapse(): void
}

function start(): Clock {
  const waits: (() => void)[] = []
  const made = rig(
    {},
    {
      after(delayMs, run) {
        expect(delayMs).toBe(1)
        waits.push(run)
        return () => {}
      },
    },
  )
  const subscriber = made.client(application())
  subscriber.subscribe('#')
  const publisher = made.client(device())
  made.advance(1000)
  return {
    ...{ made, publisher, subscriber },
    publish: payload => publisher.send(publishPacket(topic, payload)),
    elapse() {
      made.advance(1)
      for (const run of waits.splice(0)) run()
      made.runTurns()
    },
  }
}

describe('messages of several turns', () => {
  test('leave at once while they come a few milliseconds apart', () => {
    const { made, publish, subscriber } = start()
    for (let count = 1; count <= 50; count++) {
      made.advance(2)
      publish(String(count))
      expect(subscriber.messages()).toEqual([`${topic} ${count} 0`])
    }
  })

  test('leave in one write within a millisecond once they come fast, in order', () => {
    const { publish, subscriber, elapse } = start()
    for (let count = 1; count <= 7; count++) publish(String(count))
    expect(subscriber.messages()).toHaveLength(7)
    const { writes } = subscriber.link
    for (let count = 8; count <= 12; count++) publish(String(count))
    expect(subscriber.messages()).toEqual([])
    elapse()
    expect(subscriber.link.writes).toBe(writes + 1)
    expect(subscriber.messages()).toEqual([8, 9, 10, 11, 12].map(count => `${topic} ${count} 0`))
  })

  test('do not wait for more where a wait found nothing', () => {
    const { publish, subscriber, elapse } = start()
    for (let count = 1; count <= 8; count++) publish(String(count))
    elapse()
    expect(subscriber.messages()).toHaveLength(8)
    for (let count = 1; count <= 15; count++) publish(String(count))
    expect(subscriber.messages()).toHaveLength(15)
  })

  test('leave before the connection is ended by the server', () => {
    const { made, publish, subscriber, elapse } = start()
    for (let count = 1; count <= 10; count++) publish(String(count))
    expect(subscriber.messages()).toHaveLength(7)
    made.broker.disconnect('@key1/app', 'server-shutting-down')
    expect(subscriber.messages()).toHaveLength(3)
    elapse()
    expect(made.errors).toEqual([])
  })

  test('that are large leave at once', () => {
    const { made, publish, subscriber } = start()
    for (let count = 1; count <= 20; count++) publish('x'.repeat(20_000))
    expect(subscriber.messages()).toHaveLength(20)
    expect(made.errors).toEqual([])
  })
})
