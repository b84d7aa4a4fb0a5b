import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rules } from '../packages/server/src/onboarding/rules.ts'
import {
  createPostgresStore,
  createRegistry,
  createSqliteStore,
  DEFAULT_PRODUCT_SETTINGS,
  type DeviceQuery,
  type Registry,
} from '../packages/server/src/registry/index.ts'
import { PostgresServer } from '../packages/server/src/registry/postgres/server.suite.ts'
import { formatFigure, quantile } from './figures.ts'
import { machineLine } from './machine.ts'
import { OptionError, readOptions } from './options.ts'
import { databaseCpuUs } from './registry-database-cpu.ts'
import { PRODUCT_KEY, seededName, seedPostgres, seedSqlite } from './registry-seed.ts'
import type { BenchReport } from './report.ts'

const RULES_MODULE = new URL('../packages/server/src/onboarding/rules.ts', import.meta.url)
const PARALLEL_REGISTRATIONS = 64
const PAGE_DEVICES = 50
/** Code that runs thousands of times is compiled by then. */
const WARM_UP_ROUNDS = 200

interface Options {
  sizes: readonly number[]
  databases: readonly string[]
  rounds: number
}

/** What one kind of operation costs; microseconds. */
interface Cost {
  cpuUs: number
  databaseCpuUs: number | null
  p50Us: number
  p99Us: number
}

interface Opened {
  registry: Registry
  /** CPU of the database's own processes so far, microseconds; null where it works in ours. */
  databaseCpuUs: () => number | null
  close(): Promise<void>
}

/** Registries of several sizes: what an operation costs must not depend on the number of devices. */
export async function run(args: readonly string[]): Promise<BenchReport> {
  const options = optionsOf(args)
  const folder = mkdtempSync(join(tmpdir(), 'hatchway-bench-registry-'))
  const server = options.databases.includes('postgres') ? await PostgresServer.create() : undefined
  const costs = new Map<string, Map<number, Map<string, Cost>>>()
  try {
    for (const database of options.databases) {
      const sizes = new Map<number, Map<string, Cost>>()
      costs.set(database, sizes)
      for (const size of options.sizes) {
        const opened = database === 'sqlite' ? await openSqlite(folder, size) : await openPostgres(server, size)
        try {
          sizes.set(size, await measure(opened, size, options.rounds))
        } finally {
          await opened.close()
        }
      }
    }
  } finally {
    await server?.remove()
    rmSync(folder, { recursive: true, force: true })
  }
  return report(options, costs)
}

function optionsOf(args: readonly string[]): Options {
  const { devices, databases, rounds } = readOptions(args, {
    devices: { text: '1000,100000,1000000' },
    databases: { several: ['sqlite', 'postgres'] },
    rounds: { from: 20, to: 100_000, default: 1000 },
  })
  const sizes = devices.split(',').map(Number)
  if (sizes.every(size => Number.isInteger(size) && size >= 1000 && size <= 50_000_000)) {
    return { sizes, databases, rounds }
  }
  throw new OptionError('--devices: give whole numbers from 1000 to 50000000, a comma list')
}

const clock = (): number => Date.now()
const product = () => {
  const times = { createdAt: clock(), updatedAt: clock() }
  const settings = { ...DEFAULT_PRODUCT_SETTINGS, dynamicRegistration: true, preregistrationFree: true }
  return { productKey: PRODUCT_KEY, productSecret: 'bench', name: 'bench', ...settings, ...times }
}

async function openSqlite(folder: string, size: number): Promise<Opened> {
  const file = join(folder, `${size}.db`)
  const options = { file, masterKey: randomBytes(32), rulesModule: RULES_MODULE }
  const empty = await createSqliteStore(options)
  await empty.createProduct(product())
  await empty.close()
  seedSqlite(file, size)
  const registry = createRegistry({ store: await createSqliteStore(options), clock })
  return { registry, databaseCpuUs: () => null, close: () => registry.close() }
}

async function openPostgres(server: PostgresServer | undefined, size: number): Promise<Opened> {
  if (server === undefined) throw new Error('the server runs where it is asked for')
  const url = await server.database()
  const options = { url, masterKey: randomBytes(32), rules }
  const empty = await createPostgresStore(options)
  await empty.createProduct(product())
  await empty.close()
  await seedPostgres(url, size)
  const registry = createRegistry({ store: await createPostgresStore(options), clock })
  return { registry, databaseCpuUs: () => databaseCpuUs(server.pid), close: () => registry.close() }
}

type Operation = readonly [name: string, once: (round: number) => Promise<unknown>]

async function measure(opened: Opened, size: number, rounds: number): Promise<Map<string, Cost>> {
  const { registry } = opened
  const { store } = registry
  const page = (cursor?: string) =>
    store.listDevices({ productKey: PRODUCT_KEY, limit: PAGE_DEVICES, ...(cursor === undefined ? {} : { cursor }) })
  const search = (text: string) => store.listDevices({ productKey: PRODUCT_KEY, limit: PAGE_DEVICES, search: text })
  const newest = (filter: Partial<DeviceQuery>) =>
    store.listDevices({ productKey: PRODUCT_KEY, limit: PAGE_DEVICES, createdSince: size / 2, ...filter })
  const cursorOf = (share: number): string => Buffer.from(`SN${Math.floor(share * 1e8)}`).toString('base64url')
  // Names that are spread over the whole registry, never the same twice within its size.
  const nameAt = (round: number): string => seededName(1 + ((round * 7) % size))
  const operations: readonly Operation[] = [
    ['login lookup, not remembered', round => registry.device(PRODUCT_KEY, nameAt(round))],
    ['login lookup, remembered', () => registry.device(PRODUCT_KEY, nameAt(0))],
    ['first page of a list', () => page()],
    ['middle page', () => page(cursorOf(0.5))],
    ['last page', () => page(cursorOf(1 - PAGE_DEVICES / size))],
    ['search, one match', round => search(nameAt(round).slice(2))],
    ['search, many matches', () => search('sn0')],
    ['search, two characters', () => search('SN')],
    ['newest half, first page', () => newest({})],
    ['newest half, middle page', () => newest({ createdBefore: Math.floor(size * 0.75) })],
    ['newest half, search, many matches', () => newest({ search: 'sn0' })],
    ['newest half, of one status', () => newest({ status: 'UNACTIVE' })],
    ['counts', () => store.counts()],
  ]
  const costs = new Map<string, Cost>()
  for (const [name, once] of operations) costs.set(name, await costOf(opened, once, { rounds, parallel: 1 }))
  const register = (round: number): Promise<unknown> => registerNew(registry, `new-${round}-${costs.size}`)
  const parallel = PARALLEL_REGISTRATIONS
  costs.set('registration', await costOf(opened, register, { rounds: rounds * 4, parallel }))
  return costs
}

async function costOf(
  opened: Opened,
  once: (round: number) => Promise<unknown>,
  { rounds, parallel }: { rounds: number; parallel: number },
): Promise<Cost> {
  for (let round = 0; round < Math.min(rounds, WARM_UP_ROUNDS); round++) await once(rounds + round)
  const databaseBefore = opened.databaseCpuUs()
  const before = process.cpuUsage()
  const elapsedUs: number[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let round = next++; round < rounds; round = next++) {
        const startedAt = performance.now()
        await once(round)
        elapsedUs.push((performance.now() - startedAt) * 1000)
      }
    }),
  )
  const { user, system } = process.cpuUsage(before)
  const databaseAfter = opened.databaseCpuUs()
  return {
    cpuUs: (user + system) / rounds,
    databaseCpuUs: databaseBefore === null || databaseAfter === null ? null : (databaseAfter - databaseBefore) / rounds,
    p50Us: quantile(elapsedUs, 0.5),
    p99Us: quantile(elapsedUs, 0.99),
  }
}

async function registerNew(registry: Registry, deviceName: string): Promise<void> {
  const now = clock()
  const outcome = await registry.register({
    mode: 'regnwl',
    productKey: PRODUCT_KEY,
    deviceName,
    now,
    fresh: { clientId: randomBytes(8).toString('hex'), tokenHash: randomBytes(32).toString('hex') },
    journal: {
      ...{ time: now, outcome: 'registered', reason: 'registered', productKey: PRODUCT_KEY, deviceName },
      ...{ mode: 'regnwl', address: '127.0.0.1', transport: 'tls', tlsVersion: 'TLSv1.3', connackCode: 0 },
      ...{ tlsCipher: 'TLS_AES_256_GCM_SHA384', mqttVersion: '3.1.1', detail: null },
    },
  })
  if (!outcome.ok) throw new Error(outcome.reason)
}

function report({ sizes, rounds }: Options, costs: Map<string, Map<number, Map<string, Cost>>>): BenchReport {
  const tables = [...costs].map(([database, bySize]) => {
    const names = [...(bySize.values().next().value?.keys() ?? [])]
    const [small, large] = [bySize.get(sizes[0] ?? 0), bySize.get(sizes.at(-1) ?? 0)]
    return {
      title: `${database === 'sqlite' ? 'SQLite' : 'PostgreSQL'}: CPU, and elapsed p50 / p99, microseconds`,
      columns: ['', ...sizes.map(size => `${size.toLocaleString('en')} devices`), 'CPU, last to first'],
      rows: names.map(name => [
        name,
        ...sizes.map(size => cell(bySize.get(size)?.get(name))),
        formatFigure(wholeCpuUs(large?.get(name)) / wholeCpuUs(small?.get(name))),
      ]),
    }
  })
  return {
    name: 'registry',
    how: `${rounds} rounds each, one at a time; ${rounds * 4} registrations of new devices, ${PARALLEL_REGISTRATIONS} at a time`,
    machine: machineLine(),
    versions: {},
    tables,
    notes: ['PostgreSQL: CPU of the gateway + CPU of the database, which ran with fsync=off.'],
    figures: Object.fromEntries(
      [...costs].map(([database, bySize]) => [
        database,
        Object.fromEntries([...bySize].map(([size, operations]) => [size, Object.fromEntries(operations)])),
      ]),
    ),
    passed: true,
  }
}

const wholeCpuUs = (cost: Cost | undefined): number =>
  cost === undefined ? Number.NaN : cost.cpuUs + (cost.databaseCpuUs ?? 0)

function cell(cost: Cost | undefined): string {
  if (cost === undefined) return '-'
  const { cpuUs, databaseCpuUs: database, p50Us, p99Us } = cost
  const cpu = database === null ? formatFigure(cpuUs) : `${formatFigure(cpuUs)} + ${formatFigure(database)}`
  return `${cpu}, ${formatFigure(p50Us)} / ${formatFigure(p99Us)}`
}
