/** What the turn asks of a connection. */
export interface TurnMember {
  /** Hands the gathered bytes to the link. */
  flush(): void
  /** Reads on after a pause. */
  resume(): void
  /** Ends the connection of a client that reads too slowly. */
  closeSlowReader(): void
  /** Asks the link whether it has sent what it got in the turn before. */
  recheck(): void
}

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
  readonly #schedule: (run: () => void) => void
  readonly #onError: (error: unknown) => void
  readonly #due: Record<Step, TurnMember[]> = { closeSlowReader: [], recheck: [], resume: [], flush: [] }
  readonly #run = (): void => this.#runSteps()
  #scheduled = false

  constructor(schedule: (run: () => void) => void, onError: (error: unknown) => void) {
    this.#schedule = schedule
    this.#onError = onError
  }

  /** The caller sees to it that a member is in no step's list twice. */
  add(step: Step, member: TurnMember): void {
    this.#due[step].push(member)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#schedule(this.#run)
  }

  #runSteps(): void {
    this.#scheduled = false
    for (const step of steps) {
      const members = this.#due[step]
      if (members.length === 0) continue
      this.#due[step] = []
      for (const member of members) {
        try {
          member[step]()
        } catch (error) {
          this.#onError(error)
        }
      }
    }
  }
}
