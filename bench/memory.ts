import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { secretLoginConnect } from '@hatchway/protocol'
import { Child, type Program } from './child.ts'
import { formatFigure, formatFigures, spreadOf } from './figures.ts'
import { HatchwayServer } from './hatchway-server.ts'
import { type CensusRow, censusOf, growth } from './heap-census.ts'
import { LOAD_CORE, machineLine, processRssBytes } from './machine.ts'
import type { MemoryLoad } from './memory-load.ts'
import { type MemoryProbe, PROBED } from './memory-probe.ts'
import { deviceNameOf, type Login } from './mqtt-bytes.ts'
import { readOptions } from './options.ts'
import { bringPeers, PEERS, type PeerName } from './peer-programs.ts'
import { startPeer } from './peers.ts'
import type { BenchReport, ReportTable } from './report.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const WARM_UP_CONNECTIONS = 200
const SETTLE_MS = 3000
const PARALLEL = 64
const CENSUS_ROWS = 14
const KB = 1024

type Transport = 'tcp' | 'tls'
const TRANSPORTS: readonly Transport[] = ['tcp', 'tls']
type Name = 'hatchway' | PeerName

interface Measured {
  name: Name
  transport: Transport
  /** Resident bytes per connection, as the system counts them. */
  rss: number
  /** The same after a forced garbage collection; null where there is none. */
  collected: number | null
  /** Where there is a probe: what the heap and its surroundings grew by, per connection. */
  parts: MemoryProbe | null
}

type Censuses = Record<Transport, readonly CensusRow[]>

interface Target {
  port: number
  caFile: string | null
  program: Program
  /** Runs on Node, with the probe. */
  probed: Child | undefined
  logins: readonly Login[]
  stop(): Promise<void>
}

/** Resident memory per idle connection. Each figure is from a server of its own, started for it. */
export async function run(args: readonly string[]): Promise<BenchReport> {
  const options = readOptions(args, {
    repeats: { from: 1, to: 10, default: 3 },
    tcp: { from: 100, to: 15_000, default: 10_000 },
    tls: { from: 100, to: 15_000, default: 2000 },
    peers: { several: PEERS },
  })
  const peers = options.peers as readonly PeerName[]
  const versions = bringPeers(peers)
  const folder = mkdtempSync(join(tmpdir(), 'hatchway-bench-'))
  const measured: Measured[] = []
  try {
    const certificates = await madeCertificates(folder)
    for (const transport of TRANSPORTS) {
      for (let round = 0; round < options.repeats; round++) {
        for (const name of ['hatchway', ...peers] as const) {
          console.error(`round ${round + 1} of ${options.repeats}: ${transport}, ${name}`)
          const own = join(folder, `${measured.length}-${name}`)
          mkdirSync(own)
          const count = options[transport]
          measured.push(await once({ name, transport, count, folder: own, certificates }))
        }
      }
    }
    const censuses = await takeCensuses(options, folder, certificates)
    return report(measured, censuses, { versions, ...options, names: ['hatchway', ...peers] })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** In runs of their own: writing a heap snapshot takes memory itself. */
async function takeCensuses(
  counts: Record<Transport, number>,
  folder: string,
  certificates: Needs['certificates'],
): Promise<Censuses> {
  const of = async (transport: Transport): Promise<readonly CensusRow[]> => {
    console.error(`census: ${transport}`)
    const own = join(folder, `census-${transport}`)
    mkdirSync(own)
    const needs: Needs = { name: 'hatchway', transport, count: counts[transport], folder: own, certificates }
    const read = (target: Target, at: string) => snapshot(target, join(own, `${at}.heapsnapshot`))
    return withConnections(needs, read, (before, after) => growth(before, after, needs.count))
  }
  return { tcp: await of('tcp'), tls: await of('tls') }
}

interface Needs {
  name: Name
  transport: Transport
  count: number
  folder: string
  certificates: { certFile: string; keyFile: string; caFile: string }
}

/** Lets Hatchway make its certificates, for the peers too. */
async function madeCertificates(folder: string): Promise<Needs['certificates']> {
  const dataDir = join(folder, 'certificates')
  const hatchway = await HatchwayServer.start(dataDir)
  await hatchway.stop()
  const files = { certFile: join(dataDir, 'server-ec.pem'), keyFile: join(dataDir, 'server-ec-key.pem') }
  return { ...files, caFile: hatchway.caFile }
}

async function start({ name, transport, count, folder, certificates }: Needs): Promise<Target> {
  const total = count + WARM_UP_CONNECTIONS
  if (name !== 'hatchway') {
    const tls = transport === 'tls' ? certificates : undefined
    const { port, program } = await startPeer(name, { folder, tls, child: PROBED })
    const logins = Array.from({ length: total }, (_, index) => ({ clientId: deviceNameOf(index) }))
    const probed = program instanceof Child ? program : undefined
    return { port, caFile: tls?.caFile ?? null, program, probed, logins, stop: () => program.stop() }
  }
  const server = await HatchwayServer.start(join(folder, 'data'), PROBED)
  const { productKey } = await server.createProduct({})
  const devices = Array.from({ length: total }, (_, index) => {
    return { productKey, deviceName: deviceNameOf(index), deviceSecret: randomBytes(16).toString('hex') }
  })
  await server.importDevices(
    productKey,
    devices.map(({ deviceName, deviceSecret }) => `${deviceName},${deviceSecret}`),
  )
  const secureMode = transport === 'tls' ? 2 : 3
  const logins = devices.map(device => secretLoginConnect({ ...device, secureMode }))
  const caFile = transport === 'tls' ? server.caFile : null
  const { port, child } = server
  return { port, caFile, program: child, probed: child, logins, stop: () => child.stop() }
}

/** Reads a value before and after the connections are there. */
async function withConnections<Value, Result>(
  needs: Needs,
  read: (target: Target, at: 'before' | 'after') => Promise<Value>,
  compare: (before: Value, after: Value) => Result,
): Promise<Result> {
  const { count, folder } = needs
  const target = await start(needs)
  let load: Child | undefined
  try {
    // So that code and tables that the first connections need are not counted.
    const warmUp = await connected(target, folder, target.logins.slice(count))
    await warmUp.stop()
    await sleep(SETTLE_MS)
    const before = await read(target, 'before')
    load = await connected(target, folder, target.logins.slice(0, count))
    await sleep(SETTLE_MS)
    return compare(before, await read(target, 'after'))
  } finally {
    await load?.stop()
    await target.stop()
  }
}

async function once(needs: Needs): Promise<Measured> {
  const { name, transport, count } = needs
  return withConnections(needs, reading, (before, after) => {
    const rss = (after.rss - before.collectedRss) / count
    const collected = after.probe === null ? null : (after.collectedRss - before.collectedRss) / count
    return { name, transport, rss, collected, parts: partsOf(before.probe, after.probe, count) }
  })
}

async function connected(target: Target, folder: string, logins: readonly Login[]): Promise<Child> {
  const file = join(folder, 'load.json')
  const { port, caFile } = target
  writeFileSync(file, JSON.stringify({ port, caFile, logins, parallel: PARALLEL } satisfies MemoryLoad))
  const load = new Child(LOAD_CORE, path('memory-load.ts'), [file])
  try {
    await load.message<{ connected: number }>()
    return load
  } catch (error) {
    await load.stop()
    throw error
  }
}

interface Reading {
  rss: number
  /** After a forced garbage collection, where there is one. */
  collectedRss: number
  probe: MemoryProbe | null
}

async function reading({ probed, program }: Target): Promise<Reading> {
  const rss = processRssBytes(program.pid)
  if (probed === undefined) return { rss, collectedRss: rss, probe: null }
  probed.tell('memory')
  const probe = await probed.message<MemoryProbe>()
  return { rss, collectedRss: processRssBytes(program.pid), probe }
}

async function snapshot({ probed }: Target, file: string) {
  probed?.tell(`snapshot ${file}`)
  await probed?.message<MemoryProbe>()
  return censusOf(readFileSync(file, 'utf8'))
}

function partsOf(before: MemoryProbe | null, after: MemoryProbe | null, count: number): MemoryProbe | null {
  if (before === null || after === null) return null
  const part = (name: keyof MemoryProbe): number => (after[name] - before[name]) / count
  return {
    ...{ rss: part('rss'), heapUsed: part('heapUsed'), heapTotal: part('heapTotal') },
    ...{ external: part('external'), arrayBuffers: part('arrayBuffers') },
  }
}

interface About {
  versions: Readonly<Record<string, string>>
  tcp: number
  tls: number
  repeats: number
  names: readonly Name[]
}

function report(measured: readonly Measured[], censuses: Censuses, about: About): BenchReport {
  const { versions, tcp, tls, repeats, names } = about
  const counts = { tcp, tls }
  const figures = (name: Name, transport: Transport, of: (one: Measured) => number | null): string => {
    const values = measured.filter(one => one.name === name && one.transport === transport).map(of)
    return values.includes(null) ? '-' : formatFigures(spreadOf(values.map(value => (value ?? 0) / KB)))
  }
  return {
    name: 'memory',
    how: `${tcp} idle connections by TCP, ${tls} by TLS 1.3; ${repeats} repeats with a fresh server each, median (min-max)`,
    machine: machineLine(),
    versions,
    tables: [
      {
        title: 'Resident KB per idle connection',
        columns: ['', 'TCP', 'TCP, garbage collected', 'TLS', 'TLS, garbage collected'],
        rows: names.map(name => [
          name,
          ...TRANSPORTS.flatMap(at => [figures(name, at, one => one.rss), figures(name, at, one => one.collected)]),
        ]),
      },
      ...TRANSPORTS.map(transport => holdersOf(transport, counts[transport], measured, censuses[transport])),
    ],
    notes: ['Garbage is collected by force where the server runs on Node; the others have no such difference.'],
    figures: { measured, censuses },
    passed: true,
  }
}

function holdersOf(
  transport: Transport,
  count: number,
  measured: readonly Measured[],
  census: readonly CensusRow[],
): ReportTable {
  const ours = measured.filter(({ name, transport: at }) => name === 'hatchway' && at === transport)
  const part = (of: (parts: MemoryProbe) => number): string =>
    formatFigure(spreadOf(ours.flatMap(({ parts }) => (parts === null ? [] : [of(parts)]))).median)
  const rest = census.slice(CENSUS_ROWS).reduce((sum, { bytesEach }) => sum + bytesEach, 0)
  return {
    title: `What holds it in Hatchway (${transport.toUpperCase()}, ${count} connections): objects and bytes for each`,
    columns: ['', 'objects', 'bytes'],
    rows: [
      ...census.slice(0, CENSUS_ROWS).map(({ name, countEach, bytesEach }) => {
        return [name, formatFigure(countEach), formatFigure(bytesEach)]
      }),
      ['other objects', '', formatFigure(rest)],
      ['JavaScript heap in use, all of the above', '', part(({ heapUsed }) => heapUsed)],
      ['JavaScript heap taken but not in use', '', part(({ heapTotal, heapUsed }) => heapTotal - heapUsed)],
      ['buffers outside the heap', '', part(({ external }) => external)],
      [
        'libuv, OpenSSL, threads, the allocator',
        '',
        part(({ rss, heapTotal, external }) => rss - heapTotal - external),
      ],
    ],
  }
}
