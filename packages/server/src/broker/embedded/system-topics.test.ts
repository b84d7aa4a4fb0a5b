import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { application, device, type FakeClient, type Rig, rig } from './fake-client.suite.ts'
import { systemTopics } from './system-topics.ts'

const interval = 10_000

function listener({ client }: Rig, ...filters: string[]): FakeClient {
  const made = client(application('all', 'admin'), { level: 5 })
  expect(made.subscribeAt(0, ...filters)).toEqual(filters.map(() => 0))
  return made
}

function pass(made: Rig, milliseconds: number): void {
  made.advance(milliseconds)
  made.sweep()
}

describe('the $SYS topics', () => {
  it('tell the broker’s figures at an interval', () => {
    const made = rig()
    const admin = listener(made, '$SYS/#')
    const publisher = made.client(device())
    publisher.publish('/pk1/dev1/user/update', 'x', { retain: true })
    pass(made, interval - 1)
    expect(admin.messages()).toEqual([])
    pass(made, 1)
    const figures = new Map(admin.messages().map(text => text.split(' ').slice(0, 2) as [string, string]))
    expect([...figures.keys()]).toEqual([...systemTopics.keys()].filter(topic => topic !== '$SYS/broker/version'))
    expect(Object.fromEntries(figures)).toMatchObject({
      '$SYS/broker/uptime': '10',
      '$SYS/broker/clients/connected': '2',
      '$SYS/broker/subscriptions/count': '1',
      '$SYS/broker/messages/received': '1',
      '$SYS/broker/retained/count': '1',
      '$SYS/broker/load/messages/received': '0',
    })
    for (let index = 0; index < 50; index++) publisher.publish('/pk1/dev1/user/update')
    pass(made, interval)
    expect(admin.messages()).toContain('$SYS/broker/load/messages/received 5 0')
  })

  it('are published only while someone is subscribed, and only those that are asked for', () => {
    const made = rig()
    pass(made, interval)
    expect(made.broker.stats().messagesOut[0]).toBe(0)
    const admin = listener(made, '$SYS/broker/uptime')
    pass(made, interval)
    expect(admin.messages()).toEqual(['$SYS/broker/uptime 20 0'])
    admin.hangUp()
    pass(made, interval)
    expect(made.broker.stats().messagesOut[0]).toBe(1)
  })

  it('are all in the documentation', () => {
    const page = readFileSync(new URL('../../../../../docs/operations.md', import.meta.url), 'utf8')
    const documented = page.matchAll(/^\| `(\$SYS\/[^`]+)` \|/gm)
    expect([...documented].map(([, topic]) => topic)).toEqual([...systemTopics.keys()])
  })

  it('are not reached by wildcards at the first level [MQTT-4.7.2-1]', () => {
    const made = rig()
    const all = listener(made, '#', '+/broker/uptime')
    listener(made, '#').hangUp()
    pass(made, interval)
    expect(all.messages()).toEqual([])
  })

  it('are for application keys that cover all products, by their own name and not shared', () => {
    const { client } = rig()
    const codes = (who: Parameters<Rig['client']>[0], filter: string) =>
      client(who, { level: 5 }).subscribeAt(0, filter)
    expect(codes(application('all'), '$SYS/broker/uptime')).toEqual([0])
    expect(codes(application(['pk1']), '$SYS/#')).toEqual([0x87])
    expect(codes(device(), '$SYS/#')).toEqual([0x87])
    expect(codes(application('all'), '$share/g/$SYS/#')).toEqual([0x87])
    expect(codes(application('all'), '$SYSTEM/#')).toEqual([0x87])
    expect(codes(application('all'), '$SYS')).toEqual([0x87])
  })

  it('can be published to by nobody', () => {
    const { client, incidents } = rig()
    const admin = client(application(), { level: 5 })
    admin.publish('$SYS/broker/uptime', '0', { qos: 1 })
    expect(admin.received()).toMatchObject([{ type: 'puback', reasonCode: 0x87 }])
    expect(incidents).toMatchObject([{ reason: 'topic-not-allowed-publish' }])
  })

  it('can be switched off, and go on when the clock is put back', () => {
    const off = rig({ systemTopicsMs: 0 })
    const none = listener(off, '$SYS/#')
    pass(off, interval)
    expect(none.messages()).toEqual([])
    const made = rig()
    const admin = listener(made, '$SYS/broker/clients/connected')
    pass(made, -interval)
    pass(made, interval)
    expect(admin.messages()).toEqual(['$SYS/broker/clients/connected 1 0'])
  })
})
