import { Framer } from '../../mqtt/index.ts'
import { maxPacketSizeBytes } from '../client/client-limits.ts'
import { Publication } from './publication.ts'
import type { BrokerSettings } from './settings.ts'

/**
 * What only reading needs. One connection of a broker reads at a time, and never from within another's reading, so all of
 * them share it: what an idle one holds stays small.
 */
export class Reading {
  /** The PUBLISH at hand. */
  readonly publication = new Publication()
  readonly #maxPacketSizeBytes: number
  #spare: Framer | undefined

  constructor(settings: BrokerSettings) {
    this.#maxPacketSizeBytes = maxPacketSizeBytes(settings)
  }

  /** An empty one. */
  takeFramer(): Framer {
    const spare = this.#spare
    if (spare === undefined) return new Framer({ maxPacketSizeBytes: this.#maxPacketSizeBytes })
    this.#spare = undefined
    return spare
  }

  /** Of a connection that waits for more bytes; it must hold none. */
  giveBack(framer: Framer): void {
    this.#spare = framer
  }
}
