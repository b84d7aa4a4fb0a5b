import { fileURLToPath } from 'node:url'
import { Child } from './child.ts'
import { formatFigure, formatFigures, spreadOf } from './figures.ts'
import { LOAD_CORE, machineLine } from './machine.ts'
import type { MatchingReport } from './matching-child.ts'
import { MATCHING_KINDS, type MatchingKind } from './matching-topics.ts'
import { readOptions } from './options.ts'
import type { BenchReport } from './report.ts'

const COUNTS = [10, 1000, 100_000, 1_000_000] as const
const HEAP_MB = 4096

/** How finding the subscribers of a topic grows with the number of subscriptions. */
export async function run(args: readonly string[]): Promise<BenchReport> {
  const { repeats, max } = readOptions(args, {
    repeats: { from: 1, to: 20, default: 5 },
    max: { from: 10, to: 1_000_000, default: 1_000_000 },
  })
  const counts = COUNTS.filter(count => count <= max)
  const measured: MatchingReport[] = []
  for (let round = 0; round < repeats; round++) {
    for (const kind of MATCHING_KINDS) {
      for (const count of counts) {
        console.error(`round ${round + 1} of ${repeats}: ${kind}, ${count}`)
        measured.push(await once(kind, count))
      }
    }
  }
  const rows = MATCHING_KINDS.flatMap(kind => counts.map(count => rowOf(measured, kind, count)))
  return {
    name: 'matching',
    how: `200,000 lookups of random topics; ${repeats} repeats in a process each, median (min-max)`,
    machine: machineLine(),
    versions: {},
    tables: [
      {
        title: 'Finding the subscribers of a topic',
        columns: [
          'subscriptions',
          'ns, topic not seen lately',
          'ns, topic at hand',
          'nodes visited',
          'subscribers found',
          'nodes of the tree',
          'bytes per subscription',
          'ns to subscribe',
        ],
        rows,
      },
    ],
    notes: [],
    figures: measured,
    passed: true,
  }
}

async function once(kind: MatchingKind, count: number): Promise<MatchingReport> {
  const script = fileURLToPath(new URL('matching-child.ts', import.meta.url))
  const nodeArgs = [`--max-old-space-size=${HEAP_MB}`]
  const child = new Child(LOAD_CORE, script, [kind, String(count)], { nodeArgs })
  try {
    return await child.message<MatchingReport>()
  } finally {
    await child.stop()
  }
}

function rowOf(measured: readonly MatchingReport[], kind: MatchingKind, count: number): string[] {
  const reports = measured.filter(report => report.kind === kind && report.subscriptions === count)
  const spread = (of: (report: MatchingReport) => number) => spreadOf(reports.map(of))
  return [
    `${count.toLocaleString('en')} ${kind}`,
    formatFigures(spread(report => report.freshNs)),
    formatFigures(spread(report => report.cachedNs)),
    formatFigure(spread(report => report.visitedNodes).median),
    formatFigure(spread(report => report.targets).median),
    spread(report => report.treeNodes).median.toLocaleString('en'),
    formatFigure(spread(report => report.bytesPerSubscription).median),
    formatFigure(spread(report => report.addNs).median),
  ]
}
