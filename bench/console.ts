import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DATABASE_FILE } from '../packages/server/src/app/server.ts'
import { PostgresServer } from '../packages/server/src/registry/postgres/server.suite.ts'
import { ADMIN } from '../test/harness/console.ts'
import { openList, type Step } from './console-browser.ts'
import { formatFigure, quantile } from './figures.ts'
import { HatchwayServer } from './hatchway-server.ts'
import { LOAD_CORE, machineLine, processCpuUs } from './machine.ts'
import { readOptions } from './options.ts'
import { PRODUCT_KEY, seededName, seedPostgres, seedSqlite } from './registry-seed.ts'
import type { BenchReport } from './report.ts'

const IDLE_MS = 3000
/** A delay of the event loop that somebody would notice. */
const MAX_LAG_MS = 100

/** What one kind of step gave. */
interface Found {
  shownMs: number[]
  serverCpuMs: number
  lagP99Ms: number
  lagMaxMs: number
}

/** The list of devices in Chromium beside a registry of a million: how long until it shows, and what the server's event loop says. */
export async function run(args: readonly string[]): Promise<BenchReport> {
  const { devices, rounds, databases } = readOptions(args, {
    devices: { from: 10_000, to: 20_000_000, default: 1_000_000 },
    rounds: { from: 3, to: 200, default: 10 },
    databases: { several: ['sqlite', 'postgres'] },
  })
  // The browser gets the core that the server does not have.
  spawnSync('taskset', ['-acp', String(LOAD_CORE), String(process.pid)], { stdio: 'ignore' })
  const found = new Map<string, Map<string, Found>>()
  for (const database of databases) found.set(database, await measure(database, devices, rounds))
  return report({ devices, rounds }, found)
}

async function measure(database: string, devices: number, rounds: number): Promise<Map<string, Found>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'hatchway-bench-'))
  const postgres = database === 'postgres' ? await PostgresServer.create() : undefined
  const url = await postgres?.database()
  const flags = url === undefined ? [] : ['--database-url', url]
  let server = await HatchwayServer.start(dataDir, {}, flags)
  try {
    await server.createProduct({ productKey: PRODUCT_KEY })
    await server.createUser({ ...ADMIN, role: 'admin' })
    await server.stop()
    if (url === undefined) seedSqlite(join(dataDir, DATABASE_FILE), devices)
    else await seedPostgres(url, devices)
    server = await HatchwayServer.start(dataDir, {}, flags)
    return await walk(server, rounds, round => seededName(1 + ((round * 7919) % devices)))
  } finally {
    await server.stop()
    await postgres?.remove()
    rmSync(dataDir, { recursive: true })
  }
}

async function walk(server: HatchwayServer, rounds: number, names: (round: number) => string) {
  const list = await openList(server.http, names)
  const found = new Map<string, Found>()
  try {
    const idle: Step = async () => {
      await sleep(IDLE_MS)
      return Number.NaN
    }
    found.set('nobody looks', await stepped(server, idle, 1))
    for (const [name, step] of Object.entries(list.steps)) {
      await step(rounds) // code that has not run yet is slower
      found.set(name, await stepped(server, step, rounds))
    }
  } finally {
    await list.close()
  }
  return found
}

async function stepped(server: HatchwayServer, step: Step, rounds: number): Promise<Found> {
  await server.eventLoopLag()
  const cpuBefore = processCpuUs(server.child.pid)
  const shownMs: number[] = []
  for (let round = 0; round < rounds; round++) shownMs.push(await step(round))
  const serverCpuMs = (processCpuUs(server.child.pid) - cpuBefore) / 1000 / rounds
  const { p99Ms, maxMs } = await server.eventLoopLag()
  return { shownMs, serverCpuMs, lagP99Ms: p99Ms, lagMaxMs: maxMs }
}

function report(
  { devices, rounds }: { devices: number; rounds: number },
  all: Map<string, Map<string, Found>>,
): BenchReport {
  const tables = [...all].map(([database, found]) => ({
    title: `${database === 'sqlite' ? 'SQLite' : 'PostgreSQL'}, ${devices.toLocaleString('en')} devices; milliseconds`,
    columns: ['', 'shown after, p50', 'longest', 'server CPU each', 'event loop p99', 'event loop max'],
    rows: [...found].map(([name, { shownMs, serverCpuMs, lagP99Ms, lagMaxMs }]) => [
      name,
      ...[quantile(shownMs, 0.5), Math.max(...shownMs), serverCpuMs, lagP99Ms, lagMaxMs].map(formatFigure),
    ]),
  }))
  const lags = [...all.values()].flatMap(found => [...found.values()].map(({ lagP99Ms }) => lagP99Ms))
  return {
    name: 'console',
    how: `each ${rounds} times, one at a time, in Chromium at the console’s list of devices; server and browser have a core each`,
    machine: machineLine(),
    versions: {},
    tables,
    notes: [
      'A search is sent when the typing has rested for 250 ms: these are part of the time, which counts from the last key.',
      'Event loop: the interval of a 10 ms timer, so about 10 is no delay at all.',
    ],
    figures: Object.fromEntries([...all].map(([database, found]) => [database, Object.fromEntries(found)])),
    passed: Math.max(...lags) < MAX_LAG_MS,
  }
}
