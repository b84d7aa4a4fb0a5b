import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatFigure, formatFigures, spreadOf } from './figures.ts'
import { machineLine } from './machine.ts'
import { measure } from './messages.ts'
import { MESSAGE_CASES, type MessageCase } from './messages-cases.ts'
import type { MessageReport } from './messages-load.ts'
import { type RunningBroker, startHatchway, startPeerBroker } from './messages-servers.ts'
import { PAYLOAD_BYTES } from './mqtt-bytes.ts'
import { readOptions } from './options.ts'
import { bringPeers } from './peer-programs.ts'
import type { BenchReport } from './report.ts'

const UPSTREAMS = ['mosquitto', 'nats'] as const
type UpstreamName = (typeof UPSTREAMS)[number]
const CASES = ['fan-in-qos0-paced-4000', 'fan-in-qos1-paced-4000', 'pairs-qos0-pipelined', 'pairs-qos1-pipelined']

interface Measured {
  upstream: UpstreamName
  case: MessageCase
  direct: MessageReport
  relayed: MessageReport
}

/**
 * What a relay adds: the same clients at a broker directly, and through a gateway that relays to that same broker, in turn. The
 * CPU is that of the broker in the first case, and of the gateway alone in the second. The first round is not counted.
 */
export async function run(args: readonly string[]): Promise<BenchReport> {
  const options = readOptions(args, {
    repeats: { from: 1, to: 20, default: 3 },
    'cpu-ms': { from: 50, to: 10_000, default: 300 },
    upstreams: { several: UPSTREAMS },
  })
  const upstreams = options.upstreams as readonly UpstreamName[]
  const versions = bringPeers(upstreams)
  const folder = mkdtempSync(join(tmpdir(), 'hatchway-bench-'))
  const running: RunningBroker[] = []
  const measured: Measured[] = []
  try {
    for (const upstream of upstreams) {
      const direct = await startPeerBroker(upstream, folderIn(folder, upstream))
      running.push(direct)
      const relay = await startHatchway(folderIn(folder, `relay-${upstream}`), '', direct.port)
      running.push(relay)
      for (let round = 0; round <= options.repeats; round++) {
        for (const messageCase of MESSAGE_CASES.filter(({ id }) => CASES.includes(id))) {
          console.error(`${upstream}, round ${round} of ${options.repeats}: ${messageCase.id}`)
          const once = { folder, serverCpuUs: options['cpu-ms'] * 1000 }
          const result = {
            direct: await measure(direct, messageCase, once),
            relayed: await measure(relay, messageCase, once),
          }
          if (round > 0) measured.push({ upstream, case: messageCase, ...result })
        }
      }
    }
    return report(measured, { versions, repeats: options.repeats, cpuMs: options['cpu-ms'] })
  } finally {
    // A relay before the broker that it stands on.
    for (const { program } of running.reverse()) await program.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function folderIn(folder: string, name: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}

interface How {
  versions: Readonly<Record<string, string>>
  repeats: number
  cpuMs: number
}

const TITLES: Readonly<Record<UpstreamName, string>> = { mosquitto: 'mosquitto', nats: 'NATS' }
const perMessageUs = ({ serverCpuUs, delivered }: MessageReport): number => serverCpuUs / delivered

function report(measured: readonly Measured[], { versions, repeats, cpuMs }: How): BenchReport {
  const groups = [...Map.groupBy(measured, ({ upstream, case: { id } }) => `${upstream} ${id}`).values()]
  const title = ([first]: readonly Measured[]): string =>
    first === undefined ? '' : `${TITLES[first.upstream]}: ${first.case.title}`
  const spread = (group: readonly Measured[], of: (one: Measured) => number): string =>
    formatFigures(spreadOf(group.map(of)))
  const latency = (group: readonly Measured[], way: 'direct' | 'relayed', part: 'median' | 'p99'): number =>
    spreadOf(group.map(one => one[way].latencyMs?.[part] ?? Number.NaN)).median
  const both = (group: readonly Measured[], way: 'direct' | 'relayed'): string =>
    `${formatFigure(latency(group, way, 'median'))} / ${formatFigure(latency(group, way, 'p99'))}`
  const added = (group: readonly Measured[], part: 'median' | 'p99'): string =>
    formatFigure(latency(group, 'relayed', part) - latency(group, 'direct', part))
  const lost = measured.reduce((sum, { direct, relayed }) => sum + direct.lost + relayed.lost, 0)
  return {
    name: 'relay',
    how: `${PAYLOAD_BYTES}-byte payload, plain TCP, MQTT 3.1.1; ${repeats} repeats of at least ${cpuMs} ms CPU each, median (min-max)`,
    machine: machineLine(),
    versions,
    tables: [
      {
        title: 'CPU microseconds per delivered message: of the broker alone, and what the relay adds to it',
        columns: ['', 'broker, direct', 'relay adds', 'ratio'],
        rows: groups.map(group => [
          title(group),
          spread(group, ({ direct }) => perMessageUs(direct)),
          spread(group, ({ relayed }) => perMessageUs(relayed)),
          spread(group, ({ direct, relayed }) => perMessageUs(relayed) / perMessageUs(direct)),
        ]),
      },
      {
        title: 'Milliseconds from a write to its delivery: median / 99 %',
        columns: ['', 'direct', 'relayed', 'added, median', 'added, 99 %'],
        rows: groups
          .filter(([first]) => (first?.case.ratePerSecond ?? 0) > 0)
          .map(group => [
            title(group),
            both(group, 'direct'),
            both(group, 'relayed'),
            added(group, 'median'),
            added(group, 'p99'),
          ]),
      },
    ],
    notes: [
      'Relay and broker share one core, and each message passes the relay twice: from its sender, and to its receiver.',
      ...(lost > 0 ? [`${lost} messages were lost.`] : []),
    ],
    figures: measured.map(({ upstream, case: { id }, direct, relayed }) => ({ upstream, case: id, direct, relayed })),
    passed: lost === 0,
  }
}
