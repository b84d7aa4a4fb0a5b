import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { secretLoginConnect } from '@hatchway/protocol'
import { Child } from './child.ts'
import { formatFigures, formatSpread, quantile, spreadOf } from './figures.ts'
import { type BenchProduct, HatchwayServer } from './hatchway-server.ts'
import { LOAD_CORE, machineLine, processCpuUs } from './machine.ts'
import { readOptions } from './options.ts'
import type { Load, Report } from './registration-load.ts'
import type { BenchReport } from './report.ts'
import type { Echo, EchoReport, EchoWindow } from './storm-echo.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

const ECHO_DEVICE = 'echo'
const ECHO_SECRET = 'bench-echo-secret'
const QUIET_MS = 2500
const QUALITIES = [0, 1] as const

interface Options {
  count: number
  parallel: number
  repeats: number
  workers: number
  rate: number
  warmUp: number
}

function optionsOf(args: readonly string[]): Options {
  const { 'warm-up': warmUp, ...rest } = readOptions(args, {
    count: { from: 100, to: 50_000, default: 3000 },
    parallel: { from: 1, to: 512, default: 128 },
    repeats: { from: 1, to: 20, default: 3 },
    workers: { from: 1, to: 64, default: 2 },
    rate: { from: 10, to: 1000, default: 200 },
    'warm-up': { from: 0, to: 20, default: 3 },
  })
  return { ...rest, warmUp }
}

/** What one way of running the server gave; a number for each repeat. */
interface Found {
  workers: number
  quiet: Record<0 | 1, Latencies>
  storm: Record<0 | 1, Latencies>
  registrationsPerSecond: number[]
  cpuUs: number[]
  ownLagMs: number[]
  generatorLoads: number[]
}
interface Latencies {
  p50Ms: number[]
  p99Ms: number[]
}

/** Latency of messages between connected clients with and without a storm of registrations, with and without workers. */
export async function run(args: readonly string[]): Promise<BenchReport> {
  const options = optionsOf(args)
  const found: Found[] = []
  for (const workers of [0, options.workers]) found.push(await measure(workers, options))
  return report(options, found)
}

const newLatencies = (): Record<0 | 1, Latencies> => ({ 0: { p50Ms: [], p99Ms: [] }, 1: { p50Ms: [], p99Ms: [] } })

async function measure(workers: number, options: Options): Promise<Found> {
  const dataDir = mkdtempSync(join(tmpdir(), 'hatchway-bench-'))
  const server = await HatchwayServer.start(dataDir, {}, ['--workers', String(workers)])
  const counts = { registrationsPerSecond: [], cpuUs: [], ownLagMs: [], generatorLoads: [] }
  const found: Found = { workers, quiet: newLatencies(), storm: newLatencies(), ...counts }
  try {
    const product = await server.createProduct({ dynamicRegistration: true, preregistrationFree: true })
    await server.importDevices(product.productKey, [`${ECHO_DEVICE},${ECHO_SECRET}`])
    const storms = new Storms(server, product, options)
    // Code that a storm runs is compiled in the course of thousands of registrations, in each process that takes them.
    for (let left = options.warmUp * Math.max(1, workers); left > 0; left--) await storms.run()
    for (const qos of QUALITIES) await measureQuality({ server, product, options, storms, found }, qos)
    return found
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true })
  }
}

interface Bench {
  server: HatchwayServer
  product: BenchProduct
  options: Options
  storms: Storms
  found: Found
}

async function measureQuality({ server, product, options, storms, found }: Bench, qos: 0 | 1): Promise<void> {
  const echo = await startEcho({ server, product, options }, qos)
  try {
    for (let round = 0; round < options.repeats; round++) {
      const from = Date.now()
      await sleep(QUIET_MS)
      keep(found.quiet[qos], await ask(echo, { from, to: Date.now() }))
      const { report, window, cpuUs } = await storms.run()
      const echoes = await ask(echo, window)
      keep(found.storm[qos], echoes)
      found.registrationsPerSecond.push(report.done / report.seconds)
      found.cpuUs.push(cpuUs / report.done)
      found.ownLagMs.push(echoes.ownLagMs)
      found.generatorLoads.push(report.cpuSeconds / report.seconds)
    }
  } finally {
    await echo.stop()
  }
}

async function startEcho({ server, product, options }: Pick<Bench, 'server' | 'product' | 'options'>, qos: 0 | 1) {
  const { productKey } = product
  const device = { productKey, deviceName: ECHO_DEVICE, deviceSecret: ECHO_SECRET, timestamp: '1' }
  const { id, secret } = await server.createApplicationKey(productKey)
  const echo: Echo = {
    ...{ port: server.port, caFile: server.caFile, productKey, deviceName: ECHO_DEVICE, qos, perSecond: options.rate },
    device: secretLoginConnect(device),
    application: { clientId: 'echo', userName: id, password: secret },
  }
  const child = new Child(LOAD_CORE, path('storm-echo.ts'), [JSON.stringify(echo)], { listens: true })
  await child.message()
  return child
}

function ask(echo: Child, window: EchoWindow): Promise<EchoReport> {
  echo.tell(JSON.stringify(window))
  return echo.message<EchoReport>()
}

function keep({ p50Ms, p99Ms }: Latencies, { latenciesMs }: EchoReport): void {
  if (latenciesMs.length === 0) throw new Error('no message came back')
  p50Ms.push(quantile(latenciesMs, 0.5))
  p99Ms.push(quantile(latenciesMs, 0.99))
}

/** Storms of new devices, one after the other. */
class Storms {
  readonly #server: HatchwayServer
  readonly #load: Omit<Load, 'firstDevice'>
  #firstDevice = 0

  constructor(server: HatchwayServer, product: BenchProduct, { count, parallel }: Options) {
    this.#server = server
    const shared = { port: server.port, count, parallel, ...product }
    this.#load = { ...shared, answers: true, mode: 'regnwl', tlsVersion: 'TLSv1.3' }
  }

  async run(): Promise<{ report: Report; window: EchoWindow; cpuUs: number }> {
    const processes = processTree(this.#server.child.pid)
    const cpuUs = (): number => processes.reduce((sum, pid) => sum + processCpuUs(pid), 0)
    const before = cpuUs()
    const load: Load = { ...this.#load, firstDevice: this.#firstDevice }
    this.#firstDevice += load.count
    const generator = new Child(LOAD_CORE, path('registration-load.ts'), [JSON.stringify(load)])
    const report = await generator.message<Report>()
    const to = Date.now()
    if (report.failed > 0) throw new Error(`${report.failed} of ${report.done} devices were not answered`)
    return { report, window: { from: to - report.seconds * 1000, to }, cpuUs: cpuUs() - before }
  }
}

/** The process and its children. Linux. */
function processTree(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [
    pid,
    ...children
      .split(' ')
      .filter(child => child !== '')
      .map(Number),
  ]
}

function report({ count, parallel, repeats, rate, warmUp }: Options, found: readonly Found[]): BenchReport {
  const times = (values: readonly number[]): string => formatFigures(spreadOf(values))
  const rows = found.flatMap(({ workers, quiet, storm }) =>
    QUALITIES.map(qos => {
      const figures = [quiet[qos].p50Ms, quiet[qos].p99Ms, storm[qos].p50Ms, storm[qos].p99Ms]
      return [`${workers} workers, QoS ${qos}`, ...figures.map(times)]
    }),
  )
  const all = (read: (one: Found) => readonly number[]): readonly number[] => found.flatMap(read)
  return {
    name: 'storm',
    how: `${rate} round trips a second between a device and an application over TLS, and storms of ${count} new devices (regnwl, TLSv1.3, ${parallel} at a time) beside them; ${repeats} repeats after ${warmUp} storms for each process to warm up, median (min-max)`,
    machine: machineLine(),
    versions: {},
    tables: [
      {
        title: 'Milliseconds from a device through the broker to an application and back',
        columns: ['', 'quiet p50', 'quiet p99', 'storm p50', 'storm p99'],
        rows,
      },
      {
        title: 'The storm itself',
        columns: ['', 'registrations a second', 'server CPU us each'],
        rows: found.map(({ workers, registrationsPerSecond, cpuUs }) => [
          `${workers} workers`,
          formatSpread(spreadOf(registrationsPerSecond)),
          formatSpread(spreadOf(cpuUs)),
        ]),
      },
    ],
    notes: [
      'All processes of the server share one core, with workers as without: what is shown is not more CPU, but who waits for whom.',
      `Load of the generator's core by the storm: ${formatSpread(spreadOf(all(one => one.generatorLoads)), 2)}. Largest delay of the measuring process itself in a storm, ms: ${times(all(one => one.ownLagMs))}.`,
    ],
    figures: found,
    passed: true,
  }
}
