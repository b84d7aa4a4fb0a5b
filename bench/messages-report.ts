import { formatFigure, formatFigures, spreadOf } from './figures.ts'
import { machineLine } from './machine.ts'
import type { MessageCase } from './messages-cases.ts'
import type { MessageReport } from './messages-load.ts'
import type { BrokerName } from './messages-servers.ts'
import { PAYLOAD_BYTES } from './mqtt-bytes.ts'
import type { BenchReport } from './report.ts'

export interface Measured {
  case: MessageCase
  broker: BrokerName
  result: MessageReport | 'failed'
}

export interface MessagesInput {
  cases: readonly MessageCase[]
  names: readonly BrokerName[]
  measured: readonly Measured[]
  versions: Readonly<Record<string, string>>
  repeats: number
  cpuMs: number
}

const TITLES: Readonly<Record<BrokerName, string>> = {
  hatchway: 'Hatchway',
  mosquitto: 'mosquitto',
  nats: 'NATS',
  aedes: 'aedes',
}

const perMessageUs = ({ serverCpuUs, delivered }: MessageReport): number => serverCpuUs / delivered

export function messagesReport(input: MessagesInput): BenchReport {
  const { cases, names, measured, versions, repeats, cpuMs } = input
  const peers = names.filter(name => name !== 'hatchway')
  const of = (messageCase: MessageCase, broker: BrokerName): readonly MessageReport[] =>
    measured.flatMap(({ case: { id }, broker: at, result }) =>
      id === messageCase.id && at === broker && result !== 'failed' ? [result] : [],
    )
  const failures = measured.filter(({ result }) => result === 'failed')
  const lost = measured.flatMap(({ result, ...rest }) =>
    result !== 'failed' && result.lost > 0 ? [{ ...rest, lost: result.lost }] : [],
  )
  return {
    name: 'messages',
    how:
      `${PAYLOAD_BYTES}-byte payload, plain TCP, MQTT 3.1.1; ${repeats} repeats of at least ${cpuMs} ms server CPU each, ` +
      'median (min-max)',
    machine: machineLine(),
    versions,
    tables: [
      {
        title: 'Server CPU microseconds per delivered message',
        columns: ['', ...names.map(name => TITLES[name])],
        rows: cases.map(one => [one.title, ...names.map(name => figuresOf(of(one, name).map(perMessageUs)))]),
      },
      {
        title: 'Hatchway as a part of each peer, from the same round: below 1 it needs less',
        columns: ['', ...peers.map(name => `to ${TITLES[name]}`)],
        rows: cases.map(one => [one.title, ...peers.map(name => figuresOf(ratios(measured, one, name)))]),
      },
      {
        title: 'Deliveries a second, and the load of server core / generator core',
        columns: ['', ...names.map(name => TITLES[name])],
        rows: cases
          .filter(({ ratePerSecond }) => ratePerSecond === 0)
          .map(one => [one.title, ...names.map(name => throughputOf(of(one, name)))]),
      },
      {
        title: 'Milliseconds from a write to its delivery when paced: median / 99 %',
        columns: ['', ...names.map(name => TITLES[name]), 'writes late, 99 %'],
        rows: cases
          .filter(({ ratePerSecond }) => ratePerSecond > 0)
          .map(one => [one.title, ...names.map(name => latencyOf(of(one, name))), latenessOf(of(one, 'hatchway'))]),
      },
    ].filter(({ rows }) => rows.length > 0),
    notes: [
      ...failures.map(({ case: { title }, broker }) => `${TITLES[broker]} failed in a round of: ${title}.`),
      ...lost.map(({ case: { title }, broker, lost }) => `${TITLES[broker]} lost ${lost} messages in: ${title}.`),
    ],
    figures: measured.map(({ case: { id }, broker, result }) => ({ case: id, broker, result })),
    passed: !lost.some(({ broker }) => broker === 'hatchway'),
  }
}

function figuresOf(values: readonly number[]): string {
  return values.length === 0 ? 'failed' : formatFigures(spreadOf(values))
}

/** One ratio for each round in which both were measured. */
function ratios(measured: readonly Measured[], messageCase: MessageCase, peer: BrokerName): number[] {
  const rounds = (broker: BrokerName) =>
    measured.filter(one => one.case.id === messageCase.id && one.broker === broker).map(({ result }) => result)
  const theirs = rounds(peer)
  return rounds('hatchway').flatMap((ours, round) => {
    const their = theirs[round]
    if (ours === 'failed' || their === undefined || their === 'failed') return []
    return [perMessageUs(ours) / perMessageUs(their)]
  })
}

function throughputOf(results: readonly MessageReport[]): string {
  if (results.length === 0) return 'failed'
  const median = (of: (result: MessageReport) => number): number => spreadOf(results.map(of)).median
  const rate = Math.round(median(({ delivered, seconds }) => delivered / seconds))
  const server = median(({ serverCpuUs, seconds }) => serverCpuUs / 1e6 / seconds)
  const generator = median(({ generatorCpuSeconds, seconds }) => generatorCpuSeconds / seconds)
  return `${rate.toLocaleString('en')}, ${server.toFixed(2)} / ${generator.toFixed(2)}`
}

function latencyOf(results: readonly MessageReport[]): string {
  const all = results.flatMap(({ latencyMs }) => (latencyMs === null ? [] : [latencyMs]))
  if (all.length === 0) return 'failed'
  const median = (of: (latency: { median: number; p99: number }) => number): string =>
    formatFigure(spreadOf(all.map(of)).median)
  return `${median(one => one.median)} / ${median(one => one.p99)}`
}

function latenessOf(results: readonly MessageReport[]): string {
  const all = results.flatMap(({ latenessMs }) => (latenessMs === null ? [] : [latenessMs.p99]))
  return all.length === 0 ? '-' : formatFigure(spreadOf(all).median)
}
