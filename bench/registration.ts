import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PostgresServer } from '../packages/server/src/registry/postgres/server.suite.ts'
import { Child } from './child.ts'
import { HatchwayServer } from './hatchway-server.ts'
import { LOAD_CORE, processCpuUs, SERVER_CORE } from './machine.ts'
import { readOptions } from './options.ts'
import type { Load, Report } from './registration-load.ts'
import { decodeAndVerifyUs, storeUs } from './registration-parts.ts'
import {
  type Gateway,
  type GatewayRound,
  type Options,
  type PeerRound,
  registrationReport,
} from './registration-report.ts'
import { databaseCpuUs } from './registry-database-cpu.ts'
import type { BenchReport } from './report.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

function optionsOf(args: readonly string[]): Options {
  const {
    databases,
    tls,
    mode,
    'warm-up': warmUp,
    ...counts
  } = readOptions(args, {
    databases: { several: ['sqlite', 'postgres'] },
    count: { from: 1, to: 50_000, default: 3000 },
    parallel: { from: 1, to: 512, default: 64 },
    repeats: { from: 1, to: 20, default: 5 },
    'warm-up': { from: 1, to: 20, default: 5 },
    tls: { oneOf: ['1.2', '1.3'], default: '1.3' },
    mode: { oneOf: ['register', 'regnwl'], default: 'register' },
  })
  return { ...counts, databases, warmUp, tlsVersion: `TLSv${tls}` as Load['tlsVersion'], mode: mode as Load['mode'] }
}

interface Running {
  gateways: Gateway[]
  peers: Peer[]
  /** What to stop and remove, the last one first. */
  ending: (() => Promise<unknown> | undefined)[]
}

/** Server CPU per registration beside a bare TLS accept, in turn within one run, with each database, and where it goes. */
export async function run(args: readonly string[]): Promise<BenchReport> {
  const options = optionsOf(args)
  const running: Running = { gateways: [], peers: [], ending: [] }
  try {
    for (const database of options.databases) await startGateway(running, database)
    await startPeers(running)
    await measure(options, running)
    const parts = { decodeUs: decodeAndVerifyUs(), storeUs: await storeUs(options.parallel) }
    const [bare = [], answering = []] = running.peers.map(({ rounds }) => rounds)
    return registrationReport({ options, bare, answering, gateways: running.gateways, parts })
  } finally {
    for (const end of running.ending.toReversed()) await end()
  }
}

async function startGateway({ gateways, ending }: Running, database: string): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'hatchway-bench-'))
  ending.push(async () => rmSync(dataDir, { recursive: true }))
  let flags: string[] = []
  let databaseCpu = (): number | null => null // SQLite works in the gateway's own process
  if (database === 'postgres') {
    const postgres = await PostgresServer.create({ durable: true })
    ending.push(() => postgres.remove())
    flags = ['--database-url', await postgres.database()]
    databaseCpu = () => databaseCpuUs(postgres.pid)
  }
  const server = await HatchwayServer.start(dataDir, {}, flags)
  ending.push(() => server.stop())
  gateways.push({ database, server, dataDir, databaseCpu, rounds: [] })
}

/** A bare server under measurement. */
interface Peer {
  child: Child
  port: number
  answers: boolean
  rounds: PeerRound[]
}

async function startPeers({ gateways, peers, ending }: Running): Promise<void> {
  const dataDir = gateways[0]?.dataDir ?? ''
  for (const does of ['closes', 'answers'] as const) {
    const certificate = ['server-ec.pem', 'server-ec-key.pem'].map(file => join(dataDir, file))
    const child = new Child(SERVER_CORE, path('bare-tls-server.ts'), [does, ...certificate])
    ending.push(() => child.stop())
    const { port } = await child.message<{ port: number }>()
    peers.push({ child, port, answers: does === 'answers', rounds: [] })
  }
}

async function measure(options: Options, { gateways, peers }: Running): Promise<void> {
  // The first rounds are not counted: code that a storm runs is compiled in the course of thousands of them.
  const rounds = options.warmUp + options.repeats
  const products = new Map<Gateway, Awaited<ReturnType<typeof prepare>>>()
  for (const gateway of gateways) products.set(gateway, await prepare(gateway.server, options, rounds))
  const { count, parallel, tlsVersion, mode } = options
  for (let round = 0; round < rounds; round++) {
    const load = { count, parallel, tlsVersion, mode, firstDevice: round * count }
    for (const { child, port, answers, rounds: kept } of peers) {
      const measured = await loaded(child, { ...load, productKey: '-', productSecret: '-', port, answers })
      if (round >= options.warmUp) kept.push(measured)
    }
    for (const [{ server, databaseCpu, rounds: kept }, product] of products) {
      const before = databaseCpu()
      const measured = await loaded(server.child, { ...load, ...product, port: server.port, answers: true })
      const after = databaseCpu()
      const databaseUs = before === null || after === null ? null : (after - before) / count
      if (round >= options.warmUp) kept.push({ ...measured, databaseUs } satisfies GatewayRound)
    }
  }
}

async function loaded(server: Child, load: Load): Promise<PeerRound> {
  const before = processCpuUs(server.pid)
  const generator = new Child(LOAD_CORE, path('registration-load.ts'), [JSON.stringify(load)])
  const { done, failed, seconds, cpuSeconds } = await generator.message<Report>()
  if (failed > 0) throw new Error(`${failed} of ${done} devices were not answered`)
  return {
    us: (processCpuUs(server.pid) - before) / done,
    perSecond: done / seconds,
    generatorLoad: cpuSeconds / seconds,
  }
}

async function prepare(
  server: HatchwayServer,
  options: Options,
  rounds: number,
): Promise<{ productKey: string; productSecret: string }> {
  const { productKey, productSecret } = await server.createProduct({
    dynamicRegistration: true,
    preregistrationFree: true,
  })
  const total = options.mode === 'register' ? options.count * rounds : 0
  await server.importDevices(
    productKey,
    Array.from({ length: total }, (_, index) => `bench${index}`),
  )
  return { productKey, productSecret }
}
