import { formatSpread, spreadOf } from './figures.ts'
import type { HatchwayServer } from './hatchway-server.ts'
import { machineLine } from './machine.ts'
import type { Load } from './registration-load.ts'
import type { BenchReport } from './report.ts'

export interface Options {
  databases: readonly string[]
  count: number
  parallel: number
  repeats: number
  warmUp: number
  tlsVersion: Load['tlsVersion']
  mode: Load['mode']
}

/** What one load showed. */
export interface PeerRound {
  /** CPU of the server for each connection, microseconds. */
  us: number
  perSecond: number
  /** Of the generator's core, to show that it was not the bottleneck. */
  generatorLoad: number
}
export type GatewayRound = PeerRound & {
  /** CPU of the database's own processes for each registration, microseconds; null where it has none. */
  databaseUs: number | null
}

export interface Gateway {
  database: string
  server: HatchwayServer
  dataDir: string
  /** CPU of the database's own processes so far, microseconds. */
  databaseCpu: () => number | null
  rounds: GatewayRound[]
}

export interface Measured {
  options: Options
  bare: readonly PeerRound[]
  answering: readonly PeerRound[]
  gateways: readonly Gateway[]
  parts: { decodeUs: number; storeUs: number }
}

const NAMES: Readonly<Record<string, string>> = { sqlite: 'SQLite', postgres: 'PostgreSQL' }
const nameOf = ({ database }: Gateway): string => NAMES[database] ?? database
const usOf = (rounds: readonly PeerRound[]): number[] => rounds.map(({ us }) => us)
const ratiosTo = (peer: readonly PeerRound[], rounds: readonly PeerRound[]): number[] =>
  rounds.map(({ us }, round) => us / (peer[round]?.us ?? Number.NaN))
const shown = (values: readonly number[], digits?: number): string =>
  values.length === 0 ? '-' : formatSpread(spreadOf(values), digits)

export function registrationReport(measured: Measured): BenchReport {
  const { bare, answering, gateways, parts } = measured
  const { databases: _, mode, tlsVersion, parallel, repeats, warmUp, count } = measured.options
  const loads = [bare, answering, ...gateways.map(({ rounds }) => rounds)].flat()
  return {
    name: 'registration',
    how: `${mode}, ${tlsVersion}, ECDSA P-256, ${parallel} at a time, ${repeats} repeats of ${count} after ${warmUp} to warm up, median (min-max)`,
    machine: machineLine(),
    versions: {},
    tables: [connectionTable(measured), databaseTable(measured), ...partsTables(measured)],
    notes: [
      `Load of the generator's core: ${shown(
        loads.map(({ generatorLoad }) => generatorLoad),
        2,
      )}.`,
      'PostgreSQL ran on the same machine with fsync=on; the system gave its processes whichever core was free.',
    ],
    figures: {
      ...{ bare, answering, parts },
      gateways: Object.fromEntries(gateways.map(({ database, rounds }) => [database, rounds])),
    },
    passed: true,
  }
}

function connectionTable({ bare, answering, gateways }: Measured): BenchReport['tables'][number] {
  return {
    title: 'Server CPU microseconds per connection',
    columns: ['', 'us', 'ratio to accept and close', 'ratio to the answering one'],
    rows: [
      ['bare tls.createServer, accept and close', shown(usOf(bare)), '1', '-'],
      ['bare tls.createServer that reads a packet and answers it', shown(usOf(answering)), '-', '1'],
      ...gateways.map(gateway => [
        `Hatchway, durable registration, ${nameOf(gateway)}`,
        shown(usOf(gateway.rounds)),
        shown(ratiosTo(bare, gateway.rounds), 2),
        shown(ratiosTo(answering, gateway.rounds), 2),
      ]),
    ],
  }
}

function databaseTable({ gateways }: Measured): BenchReport['tables'][number] {
  const [first] = gateways
  return {
    title: 'Registrations by database',
    columns: [
      '',
      'registrations a second',
      "gateway's CPU us each",
      "database's CPU us each",
      "ratio of the gateway's CPU",
    ],
    rows: gateways.map(gateway => [
      nameOf(gateway),
      shown(gateway.rounds.map(({ perSecond }) => perSecond)),
      shown(usOf(gateway.rounds)),
      shown(gateway.rounds.flatMap(({ databaseUs }) => databaseUs ?? [])),
      gateway === first ? '1' : shown(ratiosTo(first?.rounds ?? [], gateway.rounds), 2),
    ]),
  }
}

/** Where a registration's CPU goes; the store is measured on SQLite. */
function partsTables({ bare, answering, gateways, parts }: Measured): BenchReport['tables'] {
  const ours = gateways.find(({ database }) => database === 'sqlite')
  if (ours === undefined) return []
  const { median: bareUs } = spreadOf(usOf(bare))
  const answeringUs = spreadOf(usOf(answering)).median - bareUs
  const restUs = spreadOf(usOf(ours.rounds)).median - bareUs - answeringUs - parts.decodeUs - parts.storeUs
  return [
    {
      title: 'Where it goes (SQLite)',
      columns: ['', 'us'],
      rows: [
        ['TLS handshake and close', bareUs.toFixed(0)],
        ['one packet in, one out', answeringUs.toFixed(0)],
        ['decode and verify', parts.decodeUs.toFixed(1)],
        ['store', parts.storeUs.toFixed(1)],
        ['rest', restUs.toFixed(0)],
      ],
    },
  ]
}
