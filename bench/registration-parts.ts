import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseClaim, registrationConnect, registrationText, verify } from '@hatchway/protocol'
import { decodeConnect, encode, Framer } from '../packages/server/src/mqtt/index.ts'
import {
  createSqliteStore,
  type NewJournalEntry,
  type RegistrationRequest,
} from '../packages/server/src/registry/index.ts'

/** The parts of a registration on their own, for the breakdown; CPU microseconds each, all threads of this process. */
const ROUNDS = 20_000
const SECRET = 'bench-product-secret'
const PRODUCT_KEY = 'benchproduct'

function cpuUsEach(count: number, before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

/** Framing and decoding the CONNECT, parsing its claim, verifying its signature. */
export function decodeAndVerifyUs(): number {
  const input = {
    mode: 'register',
    productKey: PRODUCT_KEY,
    productSecret: SECRET,
    deviceName: 'bench0001',
    random: '123',
  } as const
  const { clientId, userName, password } = registrationConnect(input)
  const connect = { type: 'connect', protocolLevel: 4, cleanStart: true, keepAliveSeconds: 60 } as const
  const bytes = encode({ ...connect, clientId, userName, password: Buffer.from(password) }, 4)
  const once = (): void => {
    const framer = new Framer({ maxPacketSizeBytes: 8192 })
    framer.push(bytes)
    if (!framer.next()) throw new Error('the CONNECT is whole')
    const parsed = parseClaim(decodeConnect(framer))
    if (!parsed.ok || parsed.claim.mode !== 'register') throw new Error('the CONNECT is good')
    const { claim } = parsed
    if (!verify(claim.signMethod, SECRET, registrationText(claim), claim.signature))
      throw new Error('the signature is good')
  }
  for (let warmUp = 0; warmUp < ROUNDS / 4; warmUp++) once()
  const before = process.cpuUsage()
  for (let round = 0; round < ROUNDS; round++) once()
  return cpuUsEach(ROUNDS, before)
}

/** A durable registration in the store, `parallel` at a time as in the whole run. */
export async function storeUs(parallel: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'hatchway-bench-store-'))
  const rulesModule = new URL('../packages/server/src/onboarding/rules.ts', import.meta.url)
  const store = await createSqliteStore({ file: join(folder, 'bench.db'), masterKey: randomBytes(32), rulesModule })
  try {
    const now = Date.now()
    const settings = {
      dynamicRegistration: true,
      preregistrationFree: true,
      tlsOnly: false,
      registrationByGateways: false,
      strictKeepAlive: false,
      clientIdLimit: 5,
    }
    const product = { productKey: PRODUCT_KEY, productSecret: SECRET, name: 'bench', createdAt: now, updatedAt: now }
    await store.createProduct({ ...product, ...settings })
    const names = Array.from({ length: ROUNDS }, (_, index) => `bench${index}`)
    for (let first = 0; first < ROUNDS; first += 1000) {
      const devices = names.slice(first, first + 1000)
      await store.createDevices(
        devices.map(deviceName => ({ productKey: PRODUCT_KEY, deviceName, deviceSecret: null, createdAt: now })),
      )
    }
    let next = 0
    const before = process.cpuUsage()
    await Promise.all(
      Array.from({ length: parallel }, async () => {
        for (let deviceName = names[next++]; deviceName !== undefined; deviceName = names[next++]) {
          const outcome = await store.register(registrationOf(deviceName, now))
          if (!outcome.ok) throw new Error(outcome.reason)
        }
      }),
    )
    return cpuUsEach(ROUNDS, before)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

function registrationOf(deviceName: string, now: number): RegistrationRequest {
  const journal: NewJournalEntry = {
    ...{
      time: now,
      outcome: 'registered',
      reason: 'registered',
      productKey: PRODUCT_KEY,
      deviceName,
      mode: 'register',
    },
    ...{ address: '127.0.0.1', transport: 'tls', tlsVersion: 'TLSv1.3', tlsCipher: 'TLS_AES_256_GCM_SHA384' },
    ...{ mqttVersion: '3.1.1', connackCode: 0, detail: null },
  }
  const fresh = { deviceSecret: randomBytes(16).toString('hex') }
  return { mode: 'register', productKey: PRODUCT_KEY, deviceName, now, fresh, journal }
}
