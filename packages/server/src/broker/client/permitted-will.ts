import type { ReasonCode } from '@hatchway/protocol'
import type { Will } from '../../mqtt/index.ts'
import type { Rights } from './rights.ts'

/** Whom a will that may not be published is reported to. */
interface WillReports {
  report(reason: ReasonCode, what: { topic: string; problem: string }): void
}

/** A will is a publish of its client like any other: undefined, and reported, if the client may not publish to its topic. */
export function permittedWill(will: Will | undefined, rights: Rights, reports: WillReports): Will | undefined {
  const problem = will === undefined ? undefined : rights.mayPublish(will.topic)
  if (will === undefined || problem === undefined) return will
  reports.report('topic-not-allowed-publish', {
    topic: will.topic,
    problem: `the will’s topic is refused: ${problem}`,
  })
  return undefined
}
