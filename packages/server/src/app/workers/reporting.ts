import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ReasonCode } from '@hatchway/protocol'
import type { Gateway } from '../../gateway/gateway.ts'
import type { Journal } from '../../registry/registry.ts'
import type { WorkerReport } from './messages.ts'

const REPORT_INTERVAL_MS = 500
const LAG_RESOLUTION_MS = 10
const NANOSECONDS_PER_MS = 1e6
const MICROSECONDS_PER_SECOND = 1e6

/** Tells the figures of this process again and again, for as long as it lives. */
export function startReporting(
  parts: { gateway: Pick<Gateway, 'stats'>; journal: Pick<Journal, 'dropped'> },
  tell: (report: WorkerReport) => void,
): void {
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
  delay.enable()
  const told = new Map<ReasonCode, number>()
  const report = (): void => {
    const lagMs = delay.max / NANOSECONDS_PER_MS
    delay.reset()
    const { user, system } = process.cpuUsage()
    tell({
      gateway: parts.gateway.stats(),
      journalDropped: newlyDropped(parts.journal.dropped, told),
      lagMs,
      cpuSeconds: (user + system) / MICROSECONDS_PER_SECOND,
      residentBytes: process.memoryUsage.rss(),
    })
  }
  setInterval(report, REPORT_INTERVAL_MS).unref()
  report()
}

/** What has been added since it was told. */
function newlyDropped(dropped: Journal['dropped'], told: Map<ReasonCode, number>): WorkerReport['journalDropped'] {
  const added: Partial<Record<ReasonCode, number>> = {}
  for (const [reason, count] of dropped) {
    const more = count - (told.get(reason) ?? 0)
    if (more > 0) added[reason] = more
    told.set(reason, count)
  }
  return added
}
