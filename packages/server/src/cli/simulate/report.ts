import type { Io } from '../io.ts'
import { fit, hanging } from '../printable.ts'
import { type Column, facts, table } from '../table.ts'
import type { LatencyFigures } from './latency.ts'
import type { Figures, Refusals } from './tally.ts'

const BAR_WIDTH = 24
const CLEAR_BELOW = '\u001b[J'

/** Tells people how a run goes: on a terminal four lines that are drawn anew, elsewhere a line each time. */
export class LiveReport {
  readonly #io: Pick<Io, 'stdout' | 'isTerminal' | 'columns'>
  #drawnLines = 0

  constructor(io: Pick<Io, 'stdout' | 'isTerminal' | 'columns'>) {
    this.#io = io
  }

  show(figures: Figures, phase: 'coming' | 'staying'): void {
    const { isTerminal, columns, stdout } = this.#io
    const lines = isTerminal ? block(figures, phase).map(line => fit(line, columns - 1)) : [progressLine(figures)]
    stdout(`${this.#back()}${lines.join('\n')}\n`)
    if (isTerminal) this.#drawnLines = lines.length
  }

  /** What is printed next takes its place. */
  end(): void {
    this.#io.stdout(this.#back())
    this.#drawnLines = 0
  }

  #back(): string {
    return this.#drawnLines === 0 ? '' : `\u001b[${this.#drawnLines}A\r${CLEAR_BELOW}`
  }
}

const countOf = (refusals: readonly Refusals[]): number => refusals.reduce((sum, { count }) => sum + count, 0)

function progressLine(figures: Figures): string {
  const { seconds, connected, devices, registered, refusals, lost, sent, acknowledged, received } = figures
  const connections = `${connected} of ${devices} connected, ${registered} registered`
  const trouble = `${countOf(refusals)} refused, ${lost} lost`
  return `${Math.round(seconds)} s: ${connections}, ${trouble}; sent ${sent}, acknowledged ${acknowledged}, received ${received}`
}

function block(figures: Figures, phase: 'coming' | 'staying'): string[] {
  const { seconds, connected, devices, registered, refusals, lost, sent, acknowledged, received, latencyMs } = figures
  const full = Math.round((connected / devices) * BAR_WIDTH)
  const bar = `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]`
  const pair = ({ p50, p99 }: LatencyFigures): string => `${p50 ?? '-'}/${p99 ?? '-'}`
  return [
    `${phase === 'coming' ? 'coming up ' : 'on line   '} ${bar} ${connected} of ${devices} connected, ${Math.round(seconds)} s`,
    `devices    registered ${registered}  refused ${countOf(refusals)}  connections lost ${lost}`,
    `messages   sent ${sent}  acknowledged ${acknowledged}  received ${received}`,
    `ms p50/p99 connect ${pair(latencyMs.connect)}  registration ${pair(latencyMs.registration)}  PUBACK ${pair(latencyMs.acknowledgement)}`,
  ]
}

/** The whole run for people, as wide as the terminal at most. */
export function summaryText(figures: Figures, columns: number): string {
  const { seconds, devices, misbehaving, connected, registered, registeredPerSecond, logins, lost } = figures
  const { sent, acknowledged, leftOut, received } = figures
  const onPurpose = misbehaving === 0 ? '' : `, ${misbehaving} of them misbehaving on purpose`
  const pace = registered === 0 ? '' : `, ${registeredPerSecond} a second`
  const held = leftOut === 0 ? '' : `, ${leftOut} left out: too many unacknowledged`
  const overview = facts([
    ['Devices', `${devices}${onPurpose}`],
    ['Connected', `${connected} at the end, after ${seconds} s`],
    ['Registered', `${registered}${pace}`],
    ['Logins', `${logins}, ${lost} connections lost`],
    ['Messages', `sent ${sent}, acknowledged ${acknowledged}, received ${received}${held}`],
  ])
  return [overview, latencyTable(figures, columns), refusalText(figures.refusals, columns)]
    .filter(part => part !== '')
    .join('\n')
}

interface LatencyRow extends LatencyFigures {
  name: string
}

function latencyTable({ latencyMs }: Figures, columns: number): string {
  const { connect, registration, login, acknowledgement } = latencyMs
  const rows: LatencyRow[] = [
    { name: 'connection open, TLS included', ...connect },
    { name: 'CONNECT to credentials', ...registration },
    { name: 'CONNECT to CONNACK of a login', ...login },
    { name: 'PUBLISH to PUBACK', ...acknowledgement },
  ].filter(({ count }) => count > 0)
  if (rows.length === 0) return ''
  const figure = (title: string, value: (row: LatencyRow) => number | null): Column<LatencyRow> => {
    return { title, value, align: 'right', keep: true }
  }
  const measures = [
    figure('COUNT', ({ count }) => count),
    figure('P50', ({ p50 }) => p50),
    figure('P90', ({ p90 }) => p90),
    figure('P99', ({ p99 }) => p99),
    figure('MAX', ({ max }) => max),
  ]
  return table(rows, [{ title: 'MILLISECONDS', value: ({ name }) => name }, ...measures], columns)
}

function refusalText(refusals: readonly Refusals[], columns: number): string {
  if (refusals.length === 0) return ''
  const codeOf = ({ code }: Refusals): string => (code === null ? 'none' : String(code))
  const list = table(
    refusals,
    [
      { title: 'REFUSED', value: ({ count }) => count, align: 'right' },
      { title: 'STEP', value: ({ step }) => step },
      { title: 'CONNACK', value: codeOf },
      { title: 'ON PURPOSE', value: ({ misbehaviour }) => misbehaviour ?? '-' },
    ],
    columns,
  )
  const meanings = [...new Set(refusals.map(({ meaning }) => meaning))]
  return `${list}\n${meanings.flatMap(meaning => hanging('', meaning, columns)).join('\n')}\n`
}
