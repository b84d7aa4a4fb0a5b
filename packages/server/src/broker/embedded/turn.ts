/** What the turn asks of a connection. */
export interface TurnMember {
  /** Hands the gathered bytes to the link, or has them wait (`Turn.wait`). */
  flush(): void
  /** Hands the gathered bytes to the link, after they have waited. */
  flushWaiting(): void
  /** Reads on after a pause. */
  resume(): void
  /** Ends the connection of a client that reads too slowly. */
  closeSlowReader(): void
  /** Asks the link whether it has sent what it got in the turn before. */
  recheck(): void
}

export interface TurnOptions {
  /** Runs something at the end of the event loop's turn. */
  readonly schedule: (run: () => void) => void
  /** Runs something after so long. */
  readonly after: (delayMs: number, run: () => void) => unknown
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

/** How long bytes to a fast connection wait for more. */
const waitMs = 1

const steps = ['closeSlowReader', 'recheck', 'resume', 'flush'] as const
type Step = (typeof steps)[number]

/**
 * Work put off to the end of the event loop's turn: one write per connection however many messages it got, and whatever
 * must not happen in the middle of routing a message (it could recurse as deep as there are connections).
 *
 * The steps run in the order above, so that what they send leaves in the same turn. A step asked for meanwhile waits for
 * the next one, flushes apart.
 */
export class Turn {
  readonly #options: TurnOptions
  readonly #due: Record<Step, TurnMember[]> = { closeSlowReader: [], recheck: [], resume: [], flush: [] }
  readonly #run = (): void => this.#runSteps()
  readonly #runWait = (): void => this.#flushWaiting()
  #waiting: TurnMember[] = []
  #scheduled = false

  constructor(options: TurnOptions) {
    this.#options = options
  }

  /** Milliseconds since 1970. */
  get now(): number {
    return this.#options.now()
  }

  /** The caller sees to it that a member is in no step's list twice. */
  add(step: Step, member: TurnMember): void {
    this.#due[step].push(member)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#options.schedule(this.#run)
  }

  /** Flushes the member in a millisecond, together with all that wait. The caller sees to it that it waits once. */
  wait(member: TurnMember): void {
    this.#waiting.push(member)
    if (this.#waiting.length === 1) this.#options.after(waitMs, this.#runWait)
  }

  #flushWaiting(): void {
    const members = this.#waiting
    this.#waiting = []
    for (const member of members) this.#do('flushWaiting', member)
  }

  #runSteps(): void {
    this.#scheduled = false
    for (const step of steps) {
      const members = this.#due[step]
      if (members.length === 0) continue
      this.#due[step] = []
      for (const member of members) this.#do(step, member)
    }
  }

  #do(step: Step | 'flushWaiting', member: TurnMember): void {
    try {
      member[step]()
    } catch (error) {
      this.#options.onError(error)
    }
  }
}
