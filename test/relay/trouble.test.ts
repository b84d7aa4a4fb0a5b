import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { BrokerProcess } from '../harness/broker-process.ts'
import { freePort } from '../harness/free-port.ts'
import { eventually, Hatchway } from '../harness/hatchway.ts'
import { startMosquitto, upstreamUrl } from '../harness/upstreams.ts'
import { publishPacket } from '../mqtt/served-mqtt.ts'
import { lastPackets, RelayedDevices } from './relayed-clients.ts'

const brokers: BrokerProcess[] = []
const servers: Hatchway[] = []
const fleets: RelayedDevices[] = []
afterEach(async () => {
  for (const fleet of fleets.splice(0)) await fleet.end()
  for (const server of servers.splice(0)) await server.close()
  for (const broker of brokers.splice(0)) await broker.close()
})

const started = async (...args: Parameters<typeof startMosquitto>): Promise<BrokerProcess> => {
  const broker = await startMosquitto(...args)
  brokers.push(broker)
  return broker
}
const serve = async (flags: Record<string, unknown>): Promise<Hatchway> => {
  const server = await Hatchway.start(flags)
  servers.push(server)
  return server
}

/** The answer to a login of a device that nobody else uses. */
async function login(hatchway: Hatchway, level: 4 | 5 = 4) {
  const { productKey } = await hatchway.createProduct()
  const devices = new RelayedDevices({ hatchway, productKey, unique: (prefix = '') => `${prefix}1` })
  fleets.push(devices)
  const name = await devices.create()
  return { devices, name, productKey, ...(await devices.tryConnect(name, { level })) }
}

it('starts without a cluster, says so, turns devices away with code 3, and serves when the cluster comes', async () => {
  const mosquitto = await started()
  await mosquitto.stop()
  const dead = await freePort()
  const hatchway = await serve({ upstreamUrl: upstreamUrl(dead, mosquitto.port) })
  expect(hatchway.server.warnings.join()).toMatch(
    /the MQTT cluster can't be used: 127\.0\.0\.1:\d+: connect ECONNREFUSED/,
  )
  const refused = await login(hatchway, 5)
  expect(refused.connack.reasonCode).toBe(0x88)
  expect(await refused.devices.journal(refused.name, 'upstream-unavailable')).toMatchObject({
    outcome: 'refused',
    connackCode: 0x88,
  })
  const unready = await fetch(`${hatchway.http}/readyz`)
  expect(await unready.json()).toMatchObject({ ready: false, problems: [expect.stringContaining('the MQTT cluster')] })
  expect(unready.status).toBe(503)
  await mosquitto.start()
  await eventually(async () => (await fetch(`${hatchway.http}/readyz`)).status === 200)
  expect((await refused.devices.tryConnect(refused.name, { level: 5 })).connack.reasonCode).toBe(0)
})

it('tells a device that the cluster refused the gateway, not that the device is at fault', async () => {
  const mosquitto = await started()
  const url = `mqtt://hatchway:wr%6Fng-secret@127.0.0.1:${mosquitto.port}`
  const hatchway = await serve({ upstreamUrl: url })
  const { connack, devices, name } = await login(hatchway)
  expect(connack.reasonCode).toBe(3)
  const entry = await devices.journal(name, 'upstream-refused')
  expect(entry.problem).toContain('it answered CONNECT with code 5')
  expect(JSON.stringify(entry)).not.toContain('wrong-secret')
})

it('checks the certificate of the cluster', async () => {
  const own = await serve({})
  const folder = own.dataDir
  for (const file of ['server-rsa.pem', 'server-rsa-key.pem'])
    copyFileSync(join(folder, file), join(folder, `m-${file}`))
  const tls = { certFile: join(folder, 'm-server-rsa.pem'), keyFile: join(folder, 'm-server-rsa-key.pem') }
  const mosquitto = await started({ tls })
  const url = upstreamUrl(mosquitto.port).replace('mqtt:', 'mqtts:')
  const trusting = await serve({ upstreamUrl: url, upstreamTlsCa: own.server.caFile })
  const good = await login(trusting)
  expect(good.connack.reasonCode).toBe(0)
  const strict = await serve({ upstreamUrl: url })
  expect(strict.server.warnings.join()).toMatch(/certificate/)
  const bad = await login(strict)
  expect(bad.connack.reasonCode).toBe(3)
})

it('passes on what an MQTT 5 cluster says when it stops, and takes the device back at the next host', async () => {
  const [first, second] = [await started(), await started()]
  const hatchway = await serve({ upstreamUrl: upstreamUrl(first.port, second.port) })
  const { client, devices, name, productKey } = await login(hatchway, 5)
  const upstream = async (): Promise<Record<string, { connections: number }>> =>
    (await hatchway.api('GET', '/stats')).body.broker.upstream
  // The gateway's own connection is at the first host, and the other had fewer.
  expect(Object.values(await upstream())).toMatchObject([{ connections: 1 }, { connections: 1 }])
  await second.stop()
  expect(await lastPackets(client)).toMatchObject([{ type: 'disconnect', reasonCode: 0x8b }])
  expect(await devices.journal(name, 'upstream-lost')).toMatchObject({ outcome: 'closed', productKey })
  await devices.status(name, 'OFFLINE')
  await devices.connect(name, { level: 5 })
  await devices.status(name, 'ONLINE')
})

it('holds a fast publisher back while the cluster does not read', async () => {
  const mosquitto = await started()
  const hatchway = await serve({ upstreamUrl: upstreamUrl(mosquitto.port) })
  const { client, name, productKey } = await login(hatchway)
  mosquitto.signal('SIGSTOP')
  const block = publishPacket(`/${productKey}/${name}/user/update`, 'x'.repeat(200_000))
  for (let count = 0; count < 200; count++) client.send(block)
  const queuedBytes = async (): Promise<number> => (await hatchway.api('GET', '/stats')).body.broker.queuedBytes
  await eventually(async () => (await queuedBytes()) > 0)
  expect(await queuedBytes()).toBeLessThan(4_000_000) // of 40 MB that the client wants to send
  mosquitto.signal('SIGCONT')
  expect(await client.untilPingresp()).toEqual([])
  expect(await queuedBytes()).toBe(0)
})
