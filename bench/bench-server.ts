import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createEmbeddedBroker, openSqliteSessionStore } from '../packages/server/src/broker/embedded/index.ts'
import type { Broker } from '../packages/server/src/broker/port.ts'
import { createRelayBroker } from '../packages/server/src/broker/relay/index.ts'
import { createGateway, defaultGatewaySettings, loadCertificates } from '../packages/server/src/gateway/index.ts'
import type { Onboarding } from '../packages/server/src/onboarding/admission.ts'
import { createOnboarding } from '../packages/server/src/onboarding/admit.ts'
import { createPlatform } from '../packages/server/src/platform/platform.ts'
import { THE_SERVER } from '../packages/server/src/registry/audit/index.ts'
import {
  createAdministration,
  createRegistry,
  createSqliteStore,
  loadOrCreateMasterKey,
} from '../packages/server/src/registry/index.ts'
import { deviceNameOf } from './mqtt-bytes.ts'

/**
 * Hatchway as the message benchmark measures it: gateway, onboarding, broker, platform and registry as `serve` builds them,
 * with one difference. An application is let in over plain TCP, which `serve` refuses: its CONNECT is judged as if it had come
 * by TLS, and everything behind that is the same (its key is verified, its rights are those of its key).
 *
 * Arguments: a folder for the data, the number of devices, and perhaps the port of a broker on this machine that it relays to. Prints one JSON line `BenchServerReady`.
 */
export interface BenchServerReady {
  port: number
  productKey: string
  /** Of the devices that `deviceNameOf` names. */
  deviceSecrets: readonly string[]
  application: { id: string; secret: string }
}

const DEVICES_A_BATCH = 1000
const CLOSE_TIMEOUT_MS = 5000
const [folder = '', deviceCount = '0', upstreamPort] = process.argv.slice(2)
const clock = (): number => Date.now()
const onError = (error: unknown): void => {
  console.error('Hatchway:', error)
  process.exitCode = 1
}
const log = { info: () => {}, warn: complain, error: complain }
function complain(values: object, message: string): void {
  console.error('Hatchway:', message, values)
}

const store = await createSqliteStore({
  file: join(folder, 'bench.db'),
  masterKey: await loadOrCreateMasterKey(join(folder, 'bench.key')),
  rulesModule: new URL('../packages/server/src/onboarding/rules.ts', import.meta.url),
})
const registry = createRegistry({ store, clock })
const administration = createAdministration({ registry, clock, random: randomBytes }).by(THE_SERVER)
const { productKey } = await administration.createProduct({ name: 'bench' })
const deviceSecrets = Array.from({ length: Number(deviceCount) }, () => randomBytes(16).toString('hex'))
for (let first = 0; first < deviceSecrets.length; first += DEVICES_A_BATCH) {
  await store.createDevices(
    deviceSecrets.slice(first, first + DEVICES_A_BATCH).map((deviceSecret, index) => {
      return { productKey, deviceName: deviceNameOf(first + index), deviceSecret, createdAt: clock() }
    }),
  )
}
const { key, secret } = await administration.createKey({ name: 'bench', role: 'application', products: [productKey] })

// Each repeat connects anew: no limit on CONNECTs.
const settings = { instanceId: null, connectsPerMinute: 0 }
const real = createOnboarding({ registry, clock, random: randomBytes, settings, onError })
const onboarding: Onboarding = {
  ...real,
  admit: (connect, peer) => real.admit(connect, connect.userName === key.id ? { ...peer, transport: 'tls' } : peer),
}
const sessionStore = await openSqliteSessionStore({ file: join(folder, 'sessions.db') })
const broker = upstreamPort === undefined ? await embedded() : await relay(Number(upstreamPort))
const platform = createPlatform({ broker, registry, clock, onError })
const gateway = createGateway({
  settings: { ...defaultGatewaySettings, host: '127.0.0.1', ports: [0] },
  onboarding,
  broker,
  journal: registry.journal,
  certificates: await loadCertificates({ dataDir: folder, publicHosts: [] }),
  clock: { now: clock },
  log,
})
const [address] = await gateway.listen()
const application = { id: key.id, secret }
const ready: BenchServerReady = { port: address?.port ?? 0, productKey, deviceSecrets, application }
process.stdout.write(`${JSON.stringify(ready)}\n`)

async function embedded(): Promise<Broker> {
  const durable = { store: sessionStore, stored: await sessionStore.load() }
  return createEmbeddedBroker({ durable, now: clock, onError })
}

async function relay(port: number): Promise<Broker> {
  const address = { isTls: false, userName: undefined, password: undefined, hosts: [{ host: '127.0.0.1', port }] }
  const relaying = createRelayBroker({ address, connectTimeoutMs: 5000, now: clock, log, onError })
  await relaying.start()
  return relaying
}

process.once('SIGTERM', async () => {
  await broker.close(CLOSE_TIMEOUT_MS)
  await gateway.close(CLOSE_TIMEOUT_MS)
  await platform.close()
  await sessionStore.close()
  await registry.close()
  process.exit()
})
