import type { Packet, Qos } from '../../mqtt/index.ts'
import type { Meter } from '../client/meter.ts'
import type { Outbox, PublishBytes } from '../client/outbox.ts'
import type { Watches } from '../client/watches.ts'
import type { Identity } from '../port.ts'
import type { Congestible, Congestion, Pausable } from './congestion.ts'
import type { Receipt } from './durable/receipt.ts'
import type { Entry } from './engine/entry.ts'
import type { SessionState } from './engine/state.ts'
import { hasExpired, shapeOfWaited } from './message-expiry.ts'
import type { MessageGroup } from './message-group.ts'
import type { Publication, Wire } from './publication.ts'
import type { BrokerSettings } from './settings.ts'
import type { Source, Subscriber } from './subscriber.ts'
import type { AliasesToClient } from './topic-aliases.ts'
import type { SubscriptionOptions, Target } from './topic-tree.ts'

/** A QoS 1 or 2 message as a queue keeps it. */
export interface Outgoing {
  readonly publication: Publication
  readonly firstByte: number
  readonly identifiers: readonly number[]
  /** The shared group that gives it to another member if this one leaves. */
  readonly group: MessageGroup | undefined
}

/** What a session that outlives its connection has yet to get of the retained messages of one filter. */
export interface RetainedDebt {
  /** The topic of the last one that it was given; undefined = it has got none. */
  after: string | undefined
}

/** The connection of a session, as far as sending goes. */
export interface Line {
  readonly outbox: Outbox
  readonly wire: Wire
  readonly maxPacketSizeBytes: number
  readonly pausable: Pausable
  /** Of a client that takes topic aliases. */
  readonly aliases: AliasesToClient | undefined
  /** Something was put into the outbox. */
  wrote(): void
  /** Sends a packet as soon as all that was handed to the store so far is stored. */
  sendWhenStored(packet: Packet): void
  /** Ends the connection at the end of the turn. */
  endSlowReader(): void
}

export interface SessionServices {
  readonly settings: BrokerSettings
  readonly meter: Meter
  readonly congestion: Congestion
  readonly watches: Watches
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Shares of the unsent bytes' bound and of the queue's at which a client becomes congested, and is through again. */
const congestedAbove = 0.5
const relievedBelow = 0.25
/** Share of its queue that a client may fill when all queues together are over their bound. */
export const shortQueue = 1 / 16

/** A client's session at the edge: gives messages to its connection as the engine's window allows. */
export abstract class Session implements Subscriber, Congestible {
  readonly isSession = true
  identity: Identity
  /** Whether it outlives its connection. */
  abstract readonly isDurable: boolean
  abstract readonly state: SessionState<Outgoing>
  slowsPublishers = false
  protected readonly services: SessionServices
  protected line: Line | undefined

  constructor(identity: Identity, services: SessionServices) {
    this.identity = identity
    this.services = services
  }

  get waitedFor(): Congestible {
    return this
  }

  /** Whether a message would leave at once: a shared group gives it to a member for whom that holds. */
  sendsAtOnce(qos: number): boolean {
    const line = this.line
    if (line === undefined || line.outbox.unsentBytes > this.services.settings.unsentBytes * congestedAbove)
      return false
    return qos === 0 || this.state.outbound.sendsAtOnce
  }

  get pausable(): Pausable | undefined {
    return this.line?.pausable
  }

  connect(line: Line): void {
    this.line = line
  }

  deliver(publication: Publication, target: Target<Subscriber>, source: Source | undefined): boolean {
    const greatest = source?.session === this ? target.ownQos : target.qos
    if (greatest === -1) return false // No Local [MQTT-3.8.3-3]
    const qos = lesser(publication.qos, greatest) // [MQTT-3.8.4-8]
    const retain = target.retainAsPublished && publication.retain // [MQTT-3.3.1-12]
    const firstByte = 0x30 | (qos << 1) | (retain ? 1 : 0)
    const line = this.line
    if (line === undefined) return qos > 0 && this.keep(publication, firstByte, target)
    const delivered =
      qos === 0
        ? this.#sendQos0(line, publication, firstByte, target.identifiers)
        : this.sendOrQueue(line, publication, firstByte, target)
    if (line.outbox.unsentBytes > this.services.settings.unsentBytes * congestedAbove) this.checkCongestion(line)
    return delivered
  }

  /** Whether something goes on only when the link has sent what it has. */
  get waitsForLink(): boolean {
    return this.state.outbound.isReady || this.services.congestion.has(this)
  }

  /** Sends what the window and the link allow of the queue. */
  abstract pump(): void

  /** The client has the message for good. Only what is stored has to be told. */
  settled(_entry: Entry<Outgoing>): void {}

  /** The client has it, and PUBREL is due. */
  released(_entry: Entry<Outgoing>): void {}

  /** A QoS 2 message of the client is released. */
  forgotten(_packetId: number): void {}

  /** One came, which `receipt` stands for; returns what stands for it and its packet identifier. */
  received(_packetId: number, receipt: Receipt | undefined): Receipt | undefined {
    return receipt
  }

  /** Retained messages are sent from now on; what is returned is kept up with how far that has come. */
  owesRetained(_filter: string, _after: string | undefined): RetainedDebt | undefined {
    return undefined
  }

  /** All of them were given to it. */
  paidRetained(_filter: string): void {}

  subscribed(_filter: string, _options: SubscriptionOptions): void {}

  unsubscribed(_filter: string): void {}

  /** A QoS 1 or 2 message for the client that is connected. */
  protected abstract sendOrQueue(
    line: Line,
    publication: Publication,
    firstByte: number,
    target: Target<Subscriber>,
  ): boolean

  /** One for a client that is away. */
  protected abstract keep(publication: Publication, firstByte: number, target: Target<Subscriber>): boolean

  /** Lets waiting publishers go on as soon as little is left to send. */
  checkRelief(): void {
    const { congestion, settings } = this.services
    if (!congestion.has(this)) return
    const unsent = this.line?.outbox.unsentBytes ?? 0
    if (unsent > settings.unsentBytes * relievedBelow) return
    if (this.state.outbound.fullness <= relievedBelow) congestion.leave(this)
  }

  #sendQos0(line: Line, publication: Publication, firstByte: number, identifiers: readonly number[]): boolean {
    const { settings, meter } = this.services
    const { outbox } = line
    if (outbox.unsentBytes > settings.unsentBytes) {
      meter.dropped['slow-reader']++
      return false
    }
    const shape = this.shapeFor(line, publication, identifiers, 0)
    if (shape.end - shape.start > line.maxPacketSizeBytes) return this.tooLarge()
    outbox.publish(aliased(line, publication, shape), firstByte, 0)
    meter.messagesOut[0]++
    this.services.watches.passed('down', this.identity.sessionId, firstByte, publication)
    line.wrote()
    return true
  }

  protected shapeFor(line: Line, publication: Publication, identifiers: readonly number[], qos: number): PublishBytes {
    if (line.wire === 1) {
      if (publication.expiresAtMs !== 0) {
        return shapeOfWaited(publication, identifiers, qos > 0, this.services.now()) // [MQTT-3.3.2-6]
      }
      if (identifiers.length > 0) return publication.shapeWithIdentifiers(identifiers, qos > 0)
    }
    return publication.shape(line.wire, qos > 0)
  }

  protected tooLarge(): false {
    this.services.meter.dropped['too-large-for-client']++
    return false
  }

  protected checkCongestion(line: Line): void {
    const { settings, congestion } = this.services
    const isHigh =
      line.outbox.unsentBytes > settings.unsentBytes * congestedAbove || this.state.outbound.fullness > congestedAbove
    if (isHigh) congestion.enter(this)
  }
}

/** What goes out now: only clients that take topic aliases get bytes of their own. */
export function aliased(
  { aliases, maxPacketSizeBytes }: Line,
  { topic }: Publication,
  shape: PublishBytes,
): PublishBytes {
  return aliases === undefined ? shape : aliases.apply(topic, shape, maxPacketSizeBytes)
}

/**
 * Gives what a session leaves undone to the other members of its shared groups; returns how many of them were taken. What
 * was sent to it with QoS 2 is not among them: it may have been processed. [MQTT-4.8.2-5]
 */
export function passOn(messages: readonly Outgoing[], nowMs: number): number {
  const inTime = messages.filter(({ publication }) => !hasExpired(publication, nowMs))
  return inTime.filter(({ publication, group }) => group?.passOn(publication)).length
}

/** Of a message that is not QoS 0. */
export function qosOf(firstByte: number): 1 | 2 {
  return (firstByte & 0x06) === 0x02 ? 1 : 2
}

function lesser(one: Qos, other: Qos): Qos {
  if (one < other) return one
  return other
}
