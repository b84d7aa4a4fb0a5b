import { formatFigures, formatSpread, spreadOf } from './figures.ts'
import { machineLine } from './machine.ts'
import { readOptions } from './options.ts'
import type { BenchReport, ReportTable } from './report.ts'
import {
  type Found,
  type Latencies,
  measure,
  QUALITIES,
  type StormRate,
  type StormServerOptions,
} from './storm-server.ts'

/** New devices a second that leave the machine room: a registration costs server and generator a good millisecond each. */
const STEADY_RATES = [200, 400] as const
const PLACES = ['one', 'all'] as const
type Place = (typeof PLACES)[number]

type Options = Omit<StormServerOptions, 'cores' | 'rates' | 'workers'> & {
  places: readonly string[]
  workers: number
}

function optionsOf(args: readonly string[]): Options {
  const {
    'warm-up': warmUp,
    rate: echoesPerSecond,
    cores,
    ...rest
  } = readOptions(args, {
    count: { from: 100, to: 50_000, default: 3000 },
    parallel: { from: 1, to: 512, default: 128 },
    repeats: { from: 1, to: 20, default: 3 },
    workers: { from: 1, to: 64, default: 2 },
    rate: { from: 10, to: 1000, default: 200 },
    'warm-up': { from: 0, to: 20, default: 3 },
    cores: { several: PLACES },
  })
  return { ...rest, warmUp, echoesPerSecond, places: cores }
}

/** Latency of messages between connected clients with and without a storm of registrations, with and without workers. */
export async function run(args: readonly string[]): Promise<BenchReport> {
  const { places, workers, ...options } = optionsOf(args)
  const found = new Map<Place, Found[]>()
  for (const place of PLACES.filter(each => places.includes(each))) {
    const rates = place === 'one' ? [0] : STEADY_RATES
    const each: Found[] = []
    for (const count of [0, workers]) each.push(await measure({ ...options, workers: count, cores: place, rates }))
    found.set(place, each)
  }
  return report(options, found)
}

const titles: Record<Place, string> = {
  one: 'the whole server on one core, devices as fast as they can',
  all: 'server and clients on all cores, devices at a steady rate',
}
const nameOf = (rate: StormRate): string => (rate === 0 ? 'storm' : `${rate}/s`)
const times = (values: readonly number[]): string => formatFigures(spreadOf(values))
const columnsOf = ({ p50Ms, p99Ms }: Latencies): string[] => [times(p50Ms), times(p99Ms)]

function tablesOf(place: Place, all: readonly Found[]): ReportTable[] {
  const rates = [...(all[0]?.storms.keys() ?? [])]
  const stormColumns = rates.flatMap(rate => [`${nameOf(rate)} p50`, `${nameOf(rate)} p99`])
  return [
    {
      title: `Milliseconds from a device through the broker to an application and back: ${titles[place]}`,
      columns: ['', 'quiet p50', 'quiet p99', ...stormColumns],
      rows: all.flatMap(({ workers, quiet, storms }) =>
        QUALITIES.map(qos => {
          const echoes = [...storms.values()].flatMap(({ echo }) => columnsOf(echo[qos]))
          return [`${workers} workers, QoS ${qos}`, ...columnsOf(quiet[qos]), ...echoes]
        }),
      ),
    },
    {
      title: `The storm itself: ${titles[place]}`,
      columns: ['', 'registrations a second', 'a device waits, ms p50', 'p99', 'server CPU us each'],
      rows: all.flatMap(({ workers, storms }) =>
        Array.from(storms, ([rate, { registrationsPerSecond, waits, cpuUs }]) => [
          `${workers} workers, ${nameOf(rate)}`,
          formatSpread(spreadOf(registrationsPerSecond)),
          ...columnsOf(waits),
          formatSpread(spreadOf(cpuUs)),
        ]),
      ),
    },
  ]
}

type ReportOptions = Pick<Options, 'count' | 'parallel' | 'repeats' | 'warmUp' | 'echoesPerSecond'>

function report(options: ReportOptions, found: ReadonlyMap<Place, readonly Found[]>): BenchReport {
  const { count, parallel, repeats, echoesPerSecond, warmUp } = options
  const storms = [...found.values()].flat().flatMap(one => [...one.storms.values()])
  return {
    name: 'storm',
    how: `${echoesPerSecond} round trips a second between a device and an application over TLS, and storms of new devices (regnwl, TLSv1.3) beside them: ${count} as fast as they can, ${parallel} at a time, or so many a second for 4 s; ${repeats} repeats after ${warmUp} storms for each process to warm up, median (min-max)`,
    machine: machineLine(),
    versions: {},
    tables: [...found].flatMap(([place, all]) => tablesOf(place, all)),
    notes: [
      'On one core what is shown is not more CPU, but who waits for whom. On all cores the clients take their part of them too.',
      `Load of a core by the generator of the storm: ${formatSpread(spreadOf(storms.flatMap(one => one.generatorLoads)), 2)}. Largest delay of the measuring process itself in a storm, ms: ${times(storms.flatMap(one => one.ownLagMs))}.`,
    ],
    figures: Object.fromEntries(
      Array.from(found, ([place, all]) => [
        place,
        all.map(({ storms: each, ...one }) => ({ ...one, storms: Object.fromEntries(each) })),
      ]),
    ),
    passed: true,
  }
}
