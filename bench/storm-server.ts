import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { secretLoginConnect } from '@hatchway/protocol'
import { Child, type Core } from './child.ts'
import { quantile } from './figures.ts'
import { type BenchProduct, HatchwayServer } from './hatchway-server.ts'
import { LOAD_CORE, processCpuUs, SERVER_CORE } from './machine.ts'
import type { Load, Report } from './registration-load.ts'
import type { Echo, EchoReport, EchoWindow } from './storm-echo.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

const ECHO_DEVICE = 'echo'
const ECHO_SECRET = 'bench-echo-secret'
const QUIET_MS = 2500
/** Of a storm at a steady rate. */
const STEADY_SECONDS = 4
export const QUALITIES = [0, 1] as const
export type Quality = (typeof QUALITIES)[number]

/** New devices each second; 0 = as fast as they can. */
export type StormRate = number

/** One way of running the server, and what it is put through. */
export interface StormServerOptions {
  workers: number
  /** `one`: all processes of the server on one core, the clients on the other. `all`: server and clients share all. */
  cores: 'one' | 'all'
  rates: readonly StormRate[]
  /** Devices of a storm that comes as fast as it can, and how many of them at a time. */
  count: number
  parallel: number
  repeats: number
  warmUp: number
  echoesPerSecond: number
}

/** A number for each repeat. */
export interface Latencies {
  p50Ms: number[]
  p99Ms: number[]
}
export interface StormFigures {
  echo: Record<Quality, Latencies>
  registrationsPerSecond: number[]
  waits: Latencies
  cpuUs: number[]
  ownLagMs: number[]
  generatorLoads: number[]
}
export interface Found {
  workers: number
  quiet: Record<Quality, Latencies>
  storms: Map<StormRate, StormFigures>
}

const none = (): Latencies => ({ p50Ms: [], p99Ms: [] })

export async function measure(options: StormServerOptions): Promise<Found> {
  const dataDir = mkdtempSync(join(tmpdir(), 'hatchway-bench-'))
  const core: Core = options.cores === 'one' ? SERVER_CORE : 'any'
  const server = await HatchwayServer.start(dataDir, { core }, ['--workers', String(options.workers)])
  const found: Found = { workers: options.workers, quiet: { 0: none(), 1: none() }, storms: new Map() }
  for (const rate of options.rates) {
    const lists = { registrationsPerSecond: [], cpuUs: [], ownLagMs: [], generatorLoads: [] }
    found.storms.set(rate, { echo: { 0: none(), 1: none() }, waits: none(), ...lists })
  }
  try {
    const product = await server.createProduct({ dynamicRegistration: true, preregistrationFree: true })
    await server.importDevices(product.productKey, [`${ECHO_DEVICE},${ECHO_SECRET}`])
    const storms = new Storms(server, product, options)
    // Code that a storm runs is compiled in the course of thousands of registrations, in each process that takes them.
    for (let left = options.warmUp * Math.max(1, options.workers); left > 0; left--) await storms.run(0)
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
  options: StormServerOptions
  storms: Storms
  found: Found
}

async function measureQuality({ server, product, options, storms, found }: Bench, qos: Quality): Promise<void> {
  const echo = await startEcho({ server, product, options }, qos)
  try {
    for (let round = 0; round < options.repeats; round++) {
      const from = Date.now()
      await sleep(QUIET_MS)
      keep(found.quiet[qos], (await ask(echo, { from, to: Date.now() })).latenciesMs)
      for (const [rate, figures] of found.storms) {
        const { report, window, cpuUs } = await storms.run(rate)
        const echoes = await ask(echo, window)
        keep(figures.echo[qos], echoes.latenciesMs)
        keep(figures.waits, report.waitsMs)
        figures.registrationsPerSecond.push(report.done / report.seconds)
        figures.cpuUs.push(cpuUs / report.done)
        figures.ownLagMs.push(echoes.ownLagMs)
        figures.generatorLoads.push(report.cpuSeconds / report.seconds)
      }
    }
  } finally {
    await echo.stop()
  }
}

async function startEcho({ server, product, options }: Pick<Bench, 'server' | 'product' | 'options'>, qos: Quality) {
  const { productKey } = product
  const device = { productKey, deviceName: ECHO_DEVICE, deviceSecret: ECHO_SECRET, timestamp: '1' }
  const { id, secret } = await server.createApplicationKey(productKey)
  const { port, caFile } = server
  const echo: Echo = {
    ...{ port, caFile, productKey, deviceName: ECHO_DEVICE, qos, perSecond: options.echoesPerSecond },
    device: secretLoginConnect(device),
    application: { clientId: 'echo', userName: id, password: secret },
  }
  const child = new Child(clientCore(options), path('storm-echo.ts'), [JSON.stringify(echo)], { listens: true })
  await child.message()
  return child
}

const clientCore = ({ cores }: StormServerOptions): Core => (cores === 'one' ? LOAD_CORE : 'any')

function ask(echo: Child, window: EchoWindow): Promise<EchoReport> {
  echo.tell(JSON.stringify(window))
  return echo.message<EchoReport>()
}

function keep({ p50Ms, p99Ms }: Latencies, milliseconds: readonly number[]): void {
  if (milliseconds.length === 0) throw new Error('no message came back')
  p50Ms.push(quantile(milliseconds, 0.5))
  p99Ms.push(quantile(milliseconds, 0.99))
}

/** Storms of new devices, one after the other. */
class Storms {
  readonly #server: HatchwayServer
  readonly #options: StormServerOptions
  readonly #load: Pick<Load, 'port' | 'answers' | 'mode' | 'tlsVersion' | 'productKey' | 'productSecret'>
  #firstDevice = 0

  constructor(server: HatchwayServer, product: BenchProduct, options: StormServerOptions) {
    this.#server = server
    this.#options = options
    this.#load = { port: server.port, ...product, answers: true, mode: 'regnwl', tlsVersion: 'TLSv1.3' }
  }

  async run(perSecond: StormRate): Promise<{ report: Report; window: EchoWindow; cpuUs: number }> {
    const processes = processTree(this.#server.child.pid)
    const cpuUs = (): number => processes.reduce((sum, pid) => sum + processCpuUs(pid), 0)
    const before = cpuUs()
    const { parallel } = this.#options
    const count = perSecond === 0 ? this.#options.count : perSecond * STEADY_SECONDS
    const load: Load = { ...this.#load, count, parallel, perSecond, firstDevice: this.#firstDevice }
    this.#firstDevice += count
    const generator = new Child(clientCore(this.#options), path('registration-load.ts'), [JSON.stringify(load)])
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
