import type { ReasonCode } from '@hatchway/protocol'
import type { Packet, ProtocolLevel } from '../../mqtt/index.ts'
import type { Congestible } from './congestion.ts'
import type { Receipt, ReceiptHolder } from './durable/receipt.ts'
import { Fifo } from './engine/fifo.ts'
import type { Session } from './session.ts'
import type { BrokerSettings } from './settings.ts'

/** The connection that owes them. */
export interface OwingConnection {
  readonly level: ProtocolLevel
  readonly session: Session
  readonly hasEnded: boolean
  send(packet: Packet): void
  report(reason: ReasonCode, what: { problem: string }): void
  refuse(reason: ReasonCode, problem: string): void
  /** Reads no more until `release`. */
  waitFor(owed: Congestible): void
  release(owed: Congestible): void
}

interface Owed {
  readonly packet: Packet
  /** What must be stored first. */
  readonly receipt: Receipt | undefined
  /** The sweep in which it was put here. */
  readonly sinceTick: number
}

/** Implementation specific error: the message is not accepted. */
const notStored = 0x83

/**
 * Packets that a client gets only when what they promise is stored. They leave in the order in which they were put here.
 * [MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT-4.6.0-4] A client that is owed very many is not read from until it is paid.
 */
export class OwedPackets implements ReceiptHolder, Congestible {
  readonly slowsPublishers = false
  readonly pausable = undefined
  readonly #waiting = new Fifo<Owed>()
  readonly #connection: OwingConnection
  readonly #settings: BrokerSettings
  #isWaitedFor = false
  #added = 0

  constructor(connection: OwingConnection, settings: BrokerSettings) {
    this.#connection = connection
    this.#settings = settings
  }

  get count(): number {
    return this.#waiting.length
  }

  /** Packets that were ever put here and not sent at once, and how many of them have left. */
  get added(): number {
    return this.#added
  }

  get left(): number {
    return this.#added - this.#waiting.length
  }

  add(packet: Packet, receipt: Receipt | undefined, sinceTick: number): void {
    if (receipt === undefined || receipt.isDone) {
      if (this.#waiting.length === 0) {
        this.#connection.send(packet)
        return
      }
    } else receipt.tell(this)
    this.#added++
    this.#waiting.push({ packet, receipt, sinceTick })
    if (this.count < this.#settings.owedPackets || this.#isWaitedFor) return
    this.#isWaitedFor = true
    this.#connection.waitFor(this)
  }

  /** A receipt is done. */
  stored(): void {
    for (let first = this.#waiting.first; first !== undefined && isDue(first); first = this.#waiting.first) {
      this.#waiting.shift()
      this.#connection.send(first.packet)
    }
    this.#paid()
  }

  /** What has been owed for too long: an MQTT 5 client can be told, others have to come again. */
  check(tick: number): void {
    const { storeTimeoutMs, sweepMs } = this.#settings
    const late = this.#takeOlderThan(tick - Math.ceil(storeTimeoutMs / sweepMs))
    if (late.length === 0) return
    const problem = `what it sent was not stored within ${storeTimeoutMs} ms`
    const isTellable = late.every(({ packet }) => packet.type === 'puback' || packet.type === 'pubrec')
    if (this.#connection.level !== 5 || !isTellable) {
      this.#connection.refuse('store-slow', problem)
      return
    }
    this.#connection.report('store-slow', { problem })
    for (const owed of late) this.#sendLate(owed)
    this.#paid()
  }

  clear(): void {
    while (this.#waiting.shift() !== undefined) {
      // let go of each
    }
  }

  #paid(): void {
    if (!this.#isWaitedFor || this.count > this.#settings.owedPackets / 2 || this.#connection.hasEnded) return
    this.#isWaitedFor = false
    this.#connection.release(this)
  }

  #takeOlderThan(tick: number): readonly Owed[] {
    const taken: Owed[] = []
    for (let first = this.#waiting.first; first !== undefined; first = this.#waiting.first) {
      if (first.sinceTick >= tick) break
      this.#waiting.shift()
      taken.push(first)
    }
    return taken
  }

  #sendLate(owed: Owed): void {
    const { packet } = owed
    const { session } = this.#connection
    if (isDue(owed) || (packet.type !== 'puback' && packet.type !== 'pubrec')) {
      this.#connection.send(packet)
      return
    }
    if (packet.type === 'pubrec' && session.state.unreleased.delete(packet.packetId)) {
      session.forgotten(packet.packetId) // [MQTT-4.3.3-9]
    }
    this.#connection.send({ ...packet, reasonCode: notStored })
  }
}

function isDue({ receipt }: Owed): boolean {
  return receipt === undefined || receipt.isDone
}
