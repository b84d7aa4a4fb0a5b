import type { OutageState } from '../registry/registry.ts'

export interface Readiness {
  /** Whether devices can be served now: asks the store, and shares a fresh answer among those who ask at once. */
  ask(): Promise<{ ready: boolean; problems: readonly string[] }>
  /** From now on unready, so that a load balancer moves on. */
  drain(): void
}

export interface ReadinessParts {
  check: () => Promise<void>
  /** What is known of the store without asking it. */
  outage: () => OutageState | null
  clock: () => number
  /** What else is in the way now, one sentence each. */
  problems?: () => readonly string[]
}

const FRESH_MS = 1000

export function createReadiness({ check, outage, clock, problems: others = () => [] }: ReadinessParts): Readiness {
  let draining = false
  let askedAt = Number.NEGATIVE_INFINITY
  let answer: Promise<readonly string[]> = Promise.resolve([])
  return {
    async ask() {
      if (draining) return { ready: false, problems: ['the server is draining: it is about to stop'] }
      const away = outage()
      if (away !== null) return { ready: false, problems: [...outageProblems(away, clock()), ...others()] }
      if (clock() - askedAt >= FRESH_MS) {
        askedAt = clock()
        answer = check().then(
          () => [],
          error => [`the registry can't be used: ${error instanceof Error ? error.message : String(error)}`],
        )
      }
      const problems = [...(await answer), ...others()]
      return { ready: problems.length === 0, problems }
    },
    drain() {
      draining = true
    },
  }
}

function outageProblems({ since, rememberedUntil, problem }: OutageState, now: number): string[] {
  const time = (at: number): string => new Date(at).toISOString()
  const away = `the registry can't be used since ${time(since)}: ${problem}`
  return now < rememberedUntil
    ? [away, `clients that are remembered can log in until ${time(rememberedUntil)}`]
    : [away]
}
