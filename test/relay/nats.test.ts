import { afterAll, expect, it } from 'vitest'
import type { BrokerProcess } from '../harness/broker-process.ts'
import { eventually } from '../harness/hatchway.ts'
import { startNatsCluster, upstreamUrl } from '../harness/upstreams.ts'
import { publishPacket, ServedMqtt, subscribe } from '../mqtt/served-mqtt.ts'
import { relayJourneys } from './relay-journeys.ts'
import { nextMessage, RelayedDevices, textOf } from './relayed-clients.ts'

let nodes: readonly BrokerProcess[] = []
const served = new ServedMqtt(async () => {
  nodes = await startNatsCluster()
  return { upstreamUrl: upstreamUrl(...nodes.map(({ port }) => port)) }
})
afterAll(() => Promise.all(nodes.map(node => node.close())))

relayJourneys(served, { levels: [4], qos2: false })

const devices = RelayedDevices.ofFile(served)
const own = (deviceName: string, rest: string): string => `/${served.productKey}/${deviceName}/${rest}`

it('refuses an MQTT 5.0 device with 0x84, and says why', async () => {
  const name = await devices.create()
  const { connack } = await devices.tryConnect(name, { level: 5 })
  expect(connack).toMatchObject({ reasonCode: 0x84 })
  expect(await devices.journal(name, 'upstream-version-unsupported')).toMatchObject({
    outcome: 'refused',
    mqttVersion: '5.0',
  })
})

it('says which topic or filter the cluster does not take', async () => {
  const name = await devices.create()
  const client = await devices.connect(name)
  expect(await subscribe(client, { filter: own(name, 'a.b'), qos: 1 })).toEqual([0x80])
  expect(await devices.journal(name, 'upstream-topic-refused')).toMatchObject({ topic: own(name, 'a.b') })
  client.send(publishPacket(own(name, 'c.d'), 'x', { qos: 1 }))
  await client.closed
  const { problem } = await devices.journal(name, 'upstream-lost')
  expect(problem).toContain(`PUBLISH with QoS 1 to ${own(name, 'c.d')}`)
})

it('sends what the API gives QoS 2 with the QoS that the cluster has', async () => {
  const name = await devices.create()
  const topic = own(name, 'user/get')
  const client = await devices.connect(name)
  expect(await subscribe(client, { filter: topic, qos: 1 })).toEqual([1])
  const route = `/products/${served.productKey}/devices/${name}/messages`
  expect((await served.hatchway.api('POST', route, { topic, payload: 'twice', qos: 2 })).status).toBe(200)
  expect(await nextMessage(client)).toMatchObject({ topic, qos: 1 })
})

it('spreads clients over the hosts; when one dies they are told, and come back through the others', async () => {
  const names = await Promise.all(Array.from({ length: 6 }, () => devices.create()))
  const clients = await Promise.all(names.map(name => devices.connect(name, { cleanStart: false })))
  const topics = names.map(name => own(name, 'user/get'))
  for (const [at, client] of clients.entries()) {
    expect(await subscribe(client, { filter: topics[at] ?? '', qos: 1 })).toEqual([1])
  }
  const hosts = async (): Promise<Record<string, { reachable: boolean; connections: number }>> =>
    (await served.hatchway.api('GET', '/stats')).body.broker.upstream
  for (const { connections } of Object.values(await hosts())) expect(connections).toBeGreaterThan(1)
  const [victim] = nodes
  await victim?.stop('SIGKILL')
  const isDown = `127.0.0.1:${victim?.port}`
  const lost = await eventually(async () => {
    const { body } = await served.hatchway.api('GET', '/journal?reason=upstream-lost&limit=50')
    const found = names.filter(name => body.items.some((entry: { deviceName: string }) => entry.deviceName === name))
    return found.length >= 2 ? found : undefined
  })
  for (const name of lost) await clients[names.indexOf(name)]?.closed
  // The cluster may take a moment until it has leaders again; a device tries again when it gets code 3.
  for (const name of lost) {
    const back = await eventually(async () => {
      const { client, connack } = await devices.tryConnect(name, { cleanStart: false })
      return connack.reasonCode === 0 && connack.sessionPresent ? client : undefined
    })
    const route = `/products/${served.productKey}/devices/${name}/messages`
    const message = { topic: own(name, 'user/get'), payload: 'after', qos: 1 }
    await eventually(async () => (await served.hatchway.api('POST', route, message)).status === 200)
    expect(textOf(await nextMessage(back))).toBe(`${own(name, 'user/get')} after 1`)
  }
  expect((await hosts())[isDown]).toMatchObject({ reachable: false })
  expect((await fetch(`${served.hatchway.http}/readyz`)).status).toBe(200)
})
