import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from './child.ts'
import { formatSpread, spreadOf } from './figures.ts'
import { HatchwayServer } from './hatchway-server.ts'
import { LOAD_CORE, machineLine, processCpuUs, SERVER_CORE } from './machine.ts'
import { readOptions } from './options.ts'
import type { Load, Report } from './registration-load.ts'
import { decodeAndVerifyUs, storeUs } from './registration-parts.ts'
import type { BenchReport } from './report.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

interface Options {
  count: number
  parallel: number
  repeats: number
  warmUp: number
  tlsVersion: Load['tlsVersion']
  mode: Load['mode']
}

function optionsOf(args: readonly string[]): Options {
  const {
    tls,
    mode,
    'warm-up': warmUp,
    ...counts
  } = readOptions(args, {
    count: { from: 1, to: 50_000, default: 3000 },
    parallel: { from: 1, to: 512, default: 64 },
    repeats: { from: 1, to: 20, default: 5 },
    'warm-up': { from: 1, to: 20, default: 5 },
    tls: { oneOf: ['1.2', '1.3'], default: '1.3' },
    mode: { oneOf: ['register', 'regnwl'], default: 'register' },
  })
  return { ...counts, warmUp, tlsVersion: `TLSv${tls}` as Load['tlsVersion'], mode: mode as Load['mode'] }
}

/** Server CPU per registration beside a bare TLS accept, in turn within one run, and where it goes. */
export async function run(args: readonly string[]): Promise<BenchReport> {
  const options = optionsOf(args)
  const dataDir = mkdtempSync(join(tmpdir(), 'hatchway-bench-'))
  const hatchway = await HatchwayServer.start(dataDir)
  const peers: Peer[] = []
  try {
    for (const does of ['closes', 'answers'] as const) {
      const certificate = ['server-ec.pem', 'server-ec-key.pem'].map(file => join(dataDir, file))
      const child = new Child(SERVER_CORE, path('bare-tls-server.ts'), [does, ...certificate])
      peers.push({ child, answers: does === 'answers', us: [], port: (await child.message<{ port: number }>()).port })
    }
    return await measure({ options, hatchway, peers })
  } finally {
    await Promise.all([hatchway.stop(), ...peers.map(({ child }) => child.stop())])
    rmSync(dataDir, { recursive: true })
  }
}

/** A server under measurement. */
interface Peer {
  child: Child
  port: number
  answers: boolean
  /** CPU microseconds per connection, of each round that counts. */
  us: number[]
}

interface Bench {
  options: Options
  hatchway: HatchwayServer
  peers: readonly Peer[]
}

async function measure({ options, hatchway, peers }: Bench): Promise<BenchReport> {
  // The first rounds are not counted: code that a storm runs is compiled in the course of thousands of them.
  const rounds = options.warmUp + options.repeats
  const product = await prepare(hatchway, options, rounds)
  const base = {
    count: options.count,
    parallel: options.parallel,
    tlsVersion: options.tlsVersion,
    mode: options.mode,
  }
  const ours: Peer = { child: hatchway.child, port: hatchway.port, answers: true, us: [] }
  const generatorLoads: number[] = []
  for (let round = 0; round < rounds; round++) {
    const shared = { ...base, ...product, firstDevice: round * options.count }
    for (const { child, port, answers, us } of [...peers, ours]) {
      const of = await cpuPerOperation(child, { ...shared, port, answers })
      if (round < options.warmUp) continue
      us.push(of.us)
      generatorLoads.push(of.report.cpuSeconds / of.report.seconds)
    }
  }
  const [bareUs = [], answeringUs = []] = peers.map(({ us }) => us)
  return report({ options, bareUs, answeringUs, ourUs: ours.us, generatorLoads })
}

async function cpuPerOperation(server: Child, load: Load): Promise<{ us: number; report: Report }> {
  const before = processCpuUs(server.pid)
  const generator = new Child(LOAD_CORE, path('registration-load.ts'), [JSON.stringify(load)])
  const report = await generator.message<Report>()
  if (report.failed > 0) throw new Error(`${report.failed} of ${report.done} devices were not answered`)
  return { us: (processCpuUs(server.pid) - before) / report.done, report }
}

async function prepare(
  hatchway: HatchwayServer,
  options: Options,
  rounds: number,
): Promise<{ productKey: string; productSecret: string }> {
  const product = await hatchway.createProduct({ dynamicRegistration: true, preregistrationFree: true })
  const total = options.mode === 'register' ? options.count * rounds : 0
  await hatchway.importDevices(
    product.productKey,
    Array.from({ length: total }, (_, index) => `bench${index}`),
  )
  return product
}

interface Figures {
  options: Options
  bareUs: readonly number[]
  answeringUs: readonly number[]
  ourUs: readonly number[]
  generatorLoads: readonly number[]
}

async function report({ options, bareUs, answeringUs, ourUs, generatorLoads }: Figures): Promise<BenchReport> {
  const ratiosTo = (peerUs: readonly number[]): number[] => ourUs.map((us, index) => us / (peerUs[index] ?? Number.NaN))
  const ratios = ratiosTo(bareUs)
  const answeringRatios = ratiosTo(answeringUs)
  const decodeUs = decodeAndVerifyUs()
  const store = await storeUs(options.parallel)
  const bare = spreadOf(bareUs).median
  const answering = spreadOf(answeringUs).median - bare
  const rest = spreadOf(ourUs).median - bare - answering - decodeUs - store
  const { mode, tlsVersion, parallel, repeats, warmUp, count } = options
  return {
    name: 'registration',
    how: `${mode}, ${tlsVersion}, ECDSA P-256, ${parallel} at a time, ${repeats} repeats of ${count} after ${warmUp} to warm up, median (min-max)`,
    machine: machineLine(),
    versions: {},
    tables: [
      {
        title: 'Server CPU microseconds per connection',
        columns: ['', 'us'],
        rows: [
          ['bare tls.createServer, accept and close', formatSpread(spreadOf(bareUs))],
          ['bare tls.createServer that reads a packet and answers it', formatSpread(spreadOf(answeringUs))],
          ['Hatchway, durable registration', formatSpread(spreadOf(ourUs))],
          ['ratio to accept and close', formatSpread(spreadOf(ratios), 2)],
          ['ratio to the answering one', formatSpread(spreadOf(answeringRatios), 2)],
        ],
      },
      {
        title: 'Where it goes',
        columns: ['', 'us'],
        rows: [
          ['TLS handshake and close', bare.toFixed(0)],
          ['one packet in, one out', answering.toFixed(0)],
          ['decode and verify', decodeUs.toFixed(1)],
          ['store', store.toFixed(1)],
          ['rest', rest.toFixed(0)],
        ],
      },
    ],
    notes: [`Load of the generator's core: ${formatSpread(spreadOf(generatorLoads), 2)}.`],
    figures: { bareUs, answeringUs, ourUs, ratios, answeringRatios, decodeUs, storeUs: store, generatorLoads },
    passed: true,
  }
}
