import type { BrokerIncident } from '../port.ts'

/** Lets one connection report only so many incidents, so that a client that errs without end does not fill the journal. */
export class IncidentReport {
  readonly #burst: number
  #left: number
  readonly #tell: (incident: BrokerIncident) => void

  constructor(burst: number, tell: (incident: BrokerIncident) => void) {
    this.#burst = burst
    this.#left = burst
    this.#tell = tell
  }

  /** False if it was kept back. What closes the connection is always told. */
  report(incident: BrokerIncident): boolean {
    if (this.#left < 1 && !incident.closed) return false
    this.#left--
    this.#tell(incident)
    return true
  }

  refill(count: number): void {
    this.#left = Math.min(this.#left + count, this.#burst)
  }
}
