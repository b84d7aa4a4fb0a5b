/** What the turn asks of a connection. */
export interface TurnMember {
  /** Hands the gathered bytes to the link. */
  flush(): void
  /** Reads on after a pause. */
  resume(): void
  /** Ends the connection of a client that reads too slowly. */
  closeSlowReader(): void
}

/**
 * Work put off to the end of the event loop's turn: one write per connection however many messages it got, and whatever
 * must not happen in the middle of routing a message (it could recurse as deep as there are connections).
 */
export class Turn {
  readonly #schedule: (run: () => void) => void
  readonly #onError: (error: unknown) => void
  #scheduled = false
  #unflushed: TurnMember[] = []
  #paused: TurnMember[] = []
  #slow: TurnMember[] = []
  readonly #run: () => void

  constructor(schedule: (run: () => void) => void, onError: (error: unknown) => void) {
    this.#schedule = schedule
    this.#onError = onError
    this.#run = () => this.run()
  }

  /** The caller asks once per turn and member. */
  flush(member: TurnMember): void {
    this.#unflushed.push(member)
    this.#ask()
  }

  resume(member: TurnMember): void {
    this.#paused.push(member)
    this.#ask()
  }

  closeSlowReader(member: TurnMember): void {
    this.#slow.push(member)
    this.#ask()
  }

  run(): void {
    this.#scheduled = false
    const slow = this.#slow
    const paused = this.#paused
    this.#slow = []
    this.#paused = []
    for (const member of slow) this.#guarded(() => member.closeSlowReader())
    for (const member of paused) this.#guarded(() => member.resume())
    const unflushed = this.#unflushed
    this.#unflushed = []
    for (const member of unflushed) {
      try {
        member.flush()
      } catch (error) {
        this.#onError(error)
      }
    }
  }

  #ask(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#schedule(this.#run)
  }

  #guarded(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#onError(error)
    }
  }
}
