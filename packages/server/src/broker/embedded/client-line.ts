import type { ReasonCode } from '@hatchway/protocol'
import { type Packet, type ProtocolLevel, reasonCodes } from '../../mqtt/index.ts'
import { Outbox } from '../client/outbox.ts'
import { encodeFor, type PacketReader, wantsProblems } from '../client/reason-strings.ts'
import type { AttachRequest, DrainListener, Link } from '../port.ts'
import type { Congestible, Pausable } from './congestion.ts'
import type { Receipt } from './durable/receipt.ts'
import { largestPacketFor } from './engine/connack.ts'
import { type Close, type Effect, failure } from './engine/effects.ts'
import { FlushPace } from './flush-pace.ts'
import { OwedPackets, type OwingConnection } from './owed-packets.ts'
import { type Wire, wireOf } from './publication.ts'
import { RetainedFeed } from './retained-feed.ts'
import type { Line, Session } from './session.ts'
import type { Surroundings } from './surroundings.ts'
import { AliasesToClient } from './topic-aliases.ts'
import type { TurnMember } from './turn.ts'

const barePuback = 0x40
/** So much is worth a write of its own: waiting for more would spare little. */
const waitBelowBytes = 16 * 1024

/**
 * The sending half of a client's connection: everything goes through its outbox, what promises something when that is
 * stored, and retained messages as the client takes them. A class below `Connection` and no object of its own: there is
 * one of them for each idle client.
 */
export abstract class ClientLine implements DrainListener, Line, TurnMember, OwingConnection, PacketReader {
  readonly session: Session
  readonly level: ProtocolLevel
  readonly wire: Wire
  readonly outbox: Outbox
  readonly maxPacketSizeBytes: number
  readonly aliases: AliasesToClient | undefined
  readonly wantsProblems: boolean
  hasEnded = false
  protected readonly link: Link
  protected readonly around: Surroundings
  /** While retained messages wait for the client to take them. */
  #feed: RetainedFeed | undefined
  /** So many owed packets have to leave before the feed goes on: its SUBACK is the last of them. */
  #feedAfter = 0
  /** Once something had to be stored first. */
  #owed: OwedPackets | undefined
  /** In the turn's list, or waiting for more. */
  #isUnflushed = false
  /** Once flushes have come close together. */
  #pace: FlushPace | undefined
  #flushedAt = 0
  /** What there was to send when it began to wait. */
  #bytesBefore = 0
  #isSlowReader = false

  constructor({ connect, link }: AttachRequest, session: Session, around: Surroundings) {
    this.session = session
    this.level = connect.protocolLevel
    this.wire = wireOf(this.level)
    this.outbox = new Outbox(link, around.meter)
    this.maxPacketSizeBytes = largestPacketFor(connect)
    this.wantsProblems = wantsProblems(connect)
    const aliases = Math.min(connect.properties?.topicAliasMaximum ?? 0, around.settings.topicAliasMaximum)
    this.aliases = aliases > 0 ? new AliasesToClient(aliases) : undefined // [MQTT-3.3.2-11]
    this.link = link
    this.around = around
    link.drainListener = this
  }

  abstract get pausable(): Pausable
  abstract report(reason: ReasonCode, what: { problem: string }): void
  abstract refuse(reason: ReasonCode, problem: string): void
  abstract waitFor(client: Congestible): void
  abstract release(client: Congestible): void
  abstract resume(): void
  abstract closeSlowReader(): void
  protected abstract end(close: Close): void

  send(packet: Packet): void {
    const bytes = encodeFor(packet, this)
    if (bytes.length > this.maxPacketSizeBytes) {
      this.#refuseTooLarge(packet.type, bytes.length)
      return
    }
    this.outbox.packet(bytes)
    this.wrote()
  }

  /** What the client must be sent it can't take: it has to go. [MQTT-3.1.2-24] */
  #refuseTooLarge(type: Packet['type'], sizeBytes: number): void {
    if (type === 'disconnect') return
    const problem = `${type.toUpperCase()} has ${sizeBytes} bytes, the client takes ${this.maxPacketSizeBytes}`
    // Nothing may come before CONNACK. [MQTT-3.2.0-1]
    this.end(failure('packet-too-large', type === 'connack' ? undefined : reasonCodes.packetTooLarge, problem))
  }

  acknowledge(firstByte: number, packetId: number): void {
    if (this.#owed !== undefined && this.#owed.count > 0) {
      this.owe({ type: firstByte === barePuback ? 'puback' : 'pubrec', packetId, reasonCode: 0 }, undefined)
      return
    }
    this.outbox.acknowledge(firstByte, packetId)
    this.wrote()
  }

  owe(packet: Packet, receipt: Receipt | undefined): void {
    if (this.#owed === undefined && (receipt === undefined || receipt.isDone)) {
      this.send(packet)
      return
    }
    this.#owed ??= new OwedPackets(this, this.around.settings)
    this.#owed.add(packet, receipt, this.around.tick)
  }

  sendWhenStored(packet: Packet): void {
    this.owe(packet, this.around.ledger.barrier())
  }

  /** The store has taken too long: the client is told that its messages are not owned, or has to come again. */
  checkOwed(): void {
    if (this.#owed !== undefined && this.#owed.count > 0) this.#owed.check(this.around.tick)
  }

  wrote(): void {
    if (this.#isUnflushed) return
    this.#isUnflushed = true
    this.around.turn.add('flush', this)
  }

  flush(): void {
    const { gatheredBytes } = this.outbox
    const isWorthIt = gatheredBytes > 0 && gatheredBytes < waitBelowBytes && this.#feed === undefined
    if (isWorthIt && !this.hasEnded && this.#mayWait()) {
      this.#bytesBefore = gatheredBytes
      this.around.turn.wait(this)
    } else this.#flushNow()
  }

  flushWaiting(): void {
    this.#pace?.waited(this.outbox.gatheredBytes > this.#bytesBefore)
    this.#flushNow()
  }

  #mayWait(): boolean {
    const { now } = this.around.turn
    if (this.#pace === undefined && now - this.#flushedAt > 1) {
      this.#flushedAt = now
      return false
    }
    this.#pace ??= new FlushPace()
    return this.#pace.mayWait(now)
  }

  #flushNow(): void {
    this.#isUnflushed = false
    this.outbox.flush()
    if (this.hasEnded) return
    if (this.outbox.unsentBytes > this.around.settings.unsentBytesMax) this.endSlowReader()
    this.session.pump()
    this.runFeed()
    // A link may send all of it without ever being blocked, and then has no drain to tell of: ask it once.
    const waitsForLink = this.#feed !== undefined || this.session.waitsForLink
    if (this.outbox.unsentBytes > 0 && waitsForLink) this.around.turn.add('recheck', this)
  }

  drained(): void {
    this.recheck()
  }

  recheck(): void {
    if (this.hasEnded) return
    this.outbox.refresh()
    this.session.pump()
    this.runFeed()
  }

  protected feedRetained({ filter, options, after }: Extract<Effect, { do: 'retained' }>): void {
    const { retention, settings } = this.around
    if (retention.messages.count === 0) this.session.paidRetained(filter)
    if (retention.messages.count === 0) return
    this.#feed ??= new RetainedFeed({ session: this.session, line: this, retention, settings })
    this.#feed.add(filter, options, after)
    this.#feedAfter = this.#owed?.added ?? 0
    this.runFeed()
  }

  /** Sends what the client takes now of the retained messages that it waits for. */
  protected runFeed(): void {
    if (this.#feed === undefined) return
    if (this.#owed !== undefined && this.#owed.left < this.#feedAfter) return
    const state = this.#feed.run()
    if (state === 'done') this.#feed = undefined
    if (state === 'paused') this.wrote() // goes on when the turn ends
  }

  endSlowReader(): void {
    if (this.#isSlowReader) return
    this.#isSlowReader = true
    this.around.turn.add('closeSlowReader', this)
  }

  protected stopFeeding(filter: string): void {
    this.#feed?.remove(filter)
  }

  /** The connection has ended: nothing more is sent, or owed. */
  protected dropUnsent(): void {
    this.link.drainListener = undefined
    this.#feed = undefined
    this.#owed?.clear()
  }
}
