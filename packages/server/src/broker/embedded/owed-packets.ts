import type { Packet } from '../../mqtt/index.ts'
import type { Congestible } from './congestion.ts'
import type { Receipt, ReceiptHolder } from './durable/receipt.ts'
import { Fifo } from './engine/fifo.ts'

interface Owed {
  readonly packet: Packet
  /** What must be stored first. */
  readonly receipt: Receipt | undefined
  /** The sweep in which it was put here. */
  readonly sinceTick: number
}

/**
 * Packets that a client gets only when what they promise is stored. They leave in the order in which they were put here.
 * [MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT-4.6.0-4]
 */
export class OwedPackets implements ReceiptHolder, Congestible {
  /** What the connection waits for when it is owed too much. */
  readonly slowsPublishers = false
  readonly pausable = undefined
  readonly #waiting = new Fifo<Owed>()
  #added = 0
  readonly #send: (packet: Packet) => void
  readonly #onPaid: () => void

  /** `onPaid` is called when some were sent because their receipts are done. */
  constructor(send: (packet: Packet) => void, onPaid: () => void) {
    this.#send = send
    this.#onPaid = onPaid
  }

  /** Packets that were ever put here and not sent at once, and how many of them have left. */
  get added(): number {
    return this.#added
  }

  get left(): number {
    return this.#added - this.#waiting.length
  }

  get count(): number {
    return this.#waiting.length
  }

  add(packet: Packet, receipt: Receipt | undefined, sinceTick: number): void {
    if (receipt === undefined || receipt.isDone) {
      if (this.#waiting.length === 0) {
        this.#send(packet)
        return
      }
    } else receipt.tell(this)
    this.#added++
    this.#waiting.push({ packet, receipt, sinceTick })
  }

  /** A receipt is done. */
  stored(): void {
    for (let first = this.#waiting.first; first !== undefined && isDue(first); first = this.#waiting.first) {
      this.#waiting.shift()
      this.#send(first.packet)
    }
    this.#onPaid()
  }

  /** Takes out the packets that were put here before the sweep, and says of each whether it may be sent all the same. */
  takeOlderThan(tick: number): readonly { readonly packet: Packet; readonly isStored: boolean }[] {
    const taken: { packet: Packet; isStored: boolean }[] = []
    for (let first = this.#waiting.first; first !== undefined; first = this.#waiting.first) {
      if (first.sinceTick >= tick) break
      this.#waiting.shift()
      taken.push({ packet: first.packet, isStored: isDue(first) })
    }
    return taken
  }

  clear(): void {
    while (this.#waiting.shift() !== undefined) {
      // let go of each
    }
  }
}

function isDue({ receipt }: Owed): boolean {
  return receipt === undefined || receipt.isDone
}
