import { describe, expect, test } from 'vitest'
import type { PassingMessage } from '../port.ts'
import { application, device, rig } from './fake-client.suite.ts'

const seenBy = () => {
  const seen: string[] = []
  const handler = ({ direction, topic, payload, qos, retain }: PassingMessage) =>
    seen.push(`${direction} ${topic} ${Buffer.from(payload)} ${qos}${retain ? ' retained' : ''}`)
  return { seen, handler }
}

describe('who watches a session', () => {
  test('sees what its client publishes and what it is sent, of every QoS, and nothing of others', () => {
    const { broker, client } = rig()
    const { seen, handler } = seenBy()
    broker.watch('pk1/dev1', handler)
    const [watched, other] = [client(device()), client(device('dev2'))]
    watched.subscribeAt(2, '/pk1/dev1/#')
    const app = client(application())
    watched.publish('/pk1/dev1/up', 'a', { retain: true })
    app.publish('/pk1/dev1/down', 'b', { qos: 1, packetId: 1 })
    app.publish('/pk1/dev1/down', 'c', { qos: 2, packetId: 2 })
    other.publish('/pk1/dev2/up', 'd')
    expect(seen).toEqual([
      'up /pk1/dev1/up a 0 retained',
      'down /pk1/dev1/up a 0',
      'down /pk1/dev1/down b 1',
      'down /pk1/dev1/down c 2',
    ])
  })

  test('sees what waited for the client when it is sent, and what it is sent by the platform', async () => {
    const { broker, client, runTurns } = rig()
    const { seen, handler } = seenBy()
    const stay = { connect: { cleanStart: false } }
    const first = client(device(), stay)
    first.subscribe('/pk1/dev1/get')
    first.hangUp()
    broker.watch('pk1/dev1', handler)
    await broker.publish({ topic: '/pk1/dev1/get', payload: Buffer.from('kept'), qos: 1 })
    expect(seen).toEqual([])
    client(device(), stay)
    runTurns()
    expect(seen).toEqual(['down /pk1/dev1/get kept 1'])
  })

  test('sees no publish that its client may not make', () => {
    const { broker, client } = rig()
    const { seen, handler } = seenBy()
    broker.watch('pk1/dev1', handler)
    client(device()).publish('/pk1/dev2/up', 'a')
    expect(seen).toEqual([])
  })

  test('sees the whole topic where the client is sent an alias of it', () => {
    const { broker, client } = rig()
    const { seen, handler } = seenBy()
    const watched = client(device(), { level: 5, connect: { properties: { topicAliasMaximum: 5 } } })
    watched.subscribe('/pk1/dev1/#')
    const app = client(application())
    app.publish('/pk1/dev1/down', 'a')
    broker.watch('pk1/dev1', handler)
    app.publish('/pk1/dev1/down', 'b')
    expect(seen).toEqual(['down /pk1/dev1/down b 0'])
  })

  test('sees nothing any more after the end of it, and one that throws harms nobody', () => {
    const { broker, client, errors } = rig()
    const [one, two] = [seenBy(), seenBy()]
    const stop = broker.watch('pk1/dev1', one.handler)
    broker.watch('pk1/dev1', () => {
      throw new Error('odd')
    })
    broker.watch('pk1/dev1', two.handler)
    const watched = client(device())
    watched.publish('/pk1/dev1/up', 'a')
    stop()
    stop()
    watched.publish('/pk1/dev1/up', 'b')
    expect(one.seen).toEqual(['up /pk1/dev1/up a 0'])
    expect(two.seen).toEqual(['up /pk1/dev1/up a 0', 'up /pk1/dev1/up b 0'])
    expect(errors).toHaveLength(2)
  })
})
