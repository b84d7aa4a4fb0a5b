import type { Identity } from '../../port.ts'
import type { Effect } from '../engine/effects.ts'
import type { Entry } from '../engine/entry.ts'
import type { DurableState } from '../engine/state.ts'
import { hasExpired, keepUntilExpiry } from '../message-expiry.ts'
import type { MessageGroups } from '../message-group.ts'
import type { Publication } from '../publication.ts'
import {
  aliased,
  type Line,
  type Outgoing,
  passOn,
  qosOf,
  type RetainedDebt,
  Session,
  type SessionServices,
  shortQueue,
} from '../session.ts'
import type { SessionRecord, StoredWill } from '../store/session-store.ts'
import type { Subscriber } from '../subscriber.ts'
import type { SubscriptionOptions, Target } from '../topic-tree.ts'
import type { Holding, Slot } from './held-message.ts'
import type { Ledger } from './ledger.ts'
import type { Receipt } from './receipt.ts'

/** A message as the queue of a session that is stored keeps it. */
export interface StoredOutgoing extends Outgoing {
  /** Set as soon as the entry is made. */
  holding: Holding | undefined
}

export interface DurableServices extends SessionServices {
  readonly ledger: Ledger
  readonly groups: MessageGroups
}

export interface DurableSessionOptions {
  readonly key: number
  readonly identity: Identity
  readonly state: DurableState<StoredOutgoing>
  /** Filters whose retained messages it has not got, or not all; nobody knows how many. */
  readonly retainedOwed?: Iterable<string>
  readonly services: DurableServices
}

/** A full queue is looked through for expired messages at most this often. */
const purgeEveryMs = 1000
const dup = 0x08

/** A session that outlives its connections, and this process: whatever changes in it is handed to the store. */
export class DurableSession extends Session {
  readonly isDurable = true
  readonly key: number
  state: DurableState<StoredOutgoing>
  /** When its connection ended; null while it has one. */
  absentSinceMs: number | null = null
  /** What is published if its connection ends without a goodbye, or has so ended. */
  will: StoredWill | null = null
  readonly #ledger: Ledger
  /** Where its record stands that is not stored yet. */
  #slot: Slot | undefined
  /** The subscription that was stored last, and where that stands. */
  #subscription: { readonly filter: string; readonly slot: Slot } | undefined
  /** How far retained messages have come, by filter; only while some are owed, since sessions are many. */
  #retainedOwed: Map<string, RetainedDebt> | undefined
  #purgedAtMs = 0

  constructor({ key, identity, state, retainedOwed = [], services }: DurableSessionOptions) {
    super(identity, services)
    this.key = key
    this.state = state
    this.#ledger = services.ledger
    for (const filter of retainedOwed) this.#owe(filter, undefined)
  }

  get isConnected(): boolean {
    return this.line !== undefined
  }

  get record(): SessionRecord {
    const { key, identity, state, absentSinceMs, will } = this
    const { level, expirySeconds, outbound } = state
    const { sessionId } = identity
    return { key, sessionId, identity, level, expirySeconds, absentSinceMs, sentUpTo: outbound.sentUpTo, will }
  }

  /** Hands the session itself to the store, as it is now. */
  store(): void {
    this.#slot = this.#ledger.putSession(this.record, this.#slot)
  }

  /** The connection is over; the session goes on without. */
  disconnect(nowMs: number): void {
    this.line = undefined
    this.#subscription = undefined
    this.absentSinceMs = nowMs
    this.services.congestion.leave(this)
  }

  /** The session is over: what waits is lost, apart from what other members of a shared group take. */
  end(): void {
    const { meter, congestion, now } = this.services
    const { outbound } = this.state
    this.line = undefined
    const left: Outgoing[] = []
    for (const { qos, wasSent, message } of outbound.entries()) {
      if (message.holding !== undefined) this.#ledger.dropEntry(message.holding)
      if (!wasSent || qos === 1) left.push(message)
    }
    this.#ledger.removeSession(this.key)
    meter.queuedBytes -= outbound.queuedBytes
    meter.dropped['session-ended'] += outbound.queuedMessages - passOn(left, now())
    congestion.leave(this)
  }

  override subscribed(filter: string, options: SubscriptionOptions): void {
    this.#subscription = undefined
    this.#storeSubscription(filter, options)
  }

  /** What an earlier connection was to be sent of retained messages, and this one is. */
  retainedOwed(): readonly Effect[] {
    return [...(this.#retainedOwed ?? [])].flatMap(([filter, { after }]) => {
      const options = this.state.subscriptions.get(filter)
      return options === undefined ? [] : [{ do: 'retained', filter, options, after }]
    })
  }

  override owesRetained(filter: string, after: string | undefined): RetainedDebt {
    const wasOwed = this.#retainedOwed?.has(filter) === true
    const debt = this.#owe(filter, after)
    const options = this.state.subscriptions.get(filter)
    if (!wasOwed && options !== undefined) this.#storeSubscription(filter, options)
    return debt
  }

  override paidRetained(filter: string): void {
    const wasOwed = this.#pay(filter)
    const options = this.state.subscriptions.get(filter)
    if (wasOwed && options !== undefined) this.#storeSubscription(filter, options)
  }

  override unsubscribed(filter: string): void {
    this.#subscription = undefined
    this.#pay(filter)
    this.#ledger.unsubscribe(this.key, filter)
  }

  override settled(entry: Entry<StoredOutgoing>): void {
    this.services.meter.queuedBytes -= entry.sizeBytes
    const { holding } = entry.message
    if (holding !== undefined) this.#ledger.removeEntry(this.key, entry.sequence, holding)
  }

  override released(entry: Entry<StoredOutgoing>): void {
    this.#ledger.releaseEntry(this.key, entry.sequence)
  }

  override received(packetId: number, receipt: Receipt | undefined): Receipt | undefined {
    return this.#ledger.receive(this.key, packetId, receipt)
  }

  override forgotten(packetId: number): void {
    this.#ledger.forget(this.key, packetId)
  }

  pump(): void {
    const { line } = this
    if (line === undefined) return
    const { outbound } = this.state
    const { settings, now } = this.services
    while (outbound.isReady && line.outbox.unsentBytes < settings.unsentBytes) {
      const next = outbound.take()
      if (next === undefined) break
      const { entry, isRepeat } = next
      if (entry.isReleased) line.sendWhenStored({ type: 'pubrel', packetId: entry.packetId, reasonCode: 0 })
      else if (!isRepeat && hasExpired(entry.message.publication, now())) this.#discard(entry, 'expired')
      else this.#send(line, entry, isRepeat)
    }
    this.checkRelief()
  }

  protected sendOrQueue(line: Line, publication: Publication, firstByte: number, target: Target<Subscriber>): boolean {
    if (!this.keep(publication, firstByte, target)) {
      line.endSlowReader() // it takes less than comes: its messages stay, but others must not wait for it
      return false
    }
    this.pump()
    this.checkCongestion(line)
    return true
  }

  protected keep(publication: Publication, firstByte: number, { identifiers, group }: Target<Subscriber>): boolean {
    const { meter, now } = this.services
    const sizeBytes = publication.end - publication.start
    if (!this.#hasRoomFor(sizeBytes)) {
      meter.dropped['queue-full']++
      publication.isRefused = true
      return false
    }
    const kept = keepUntilExpiry(publication, now())
    const message: StoredOutgoing = { publication: kept, firstByte, identifiers, group, holding: undefined }
    const entry = this.state.outbound.add({ qos: qosOf(firstByte), sizeBytes, message })
    const held = this.#ledger.hold(kept)
    const { sequence, packetId, qos } = entry
    const sharedFilter = group === undefined ? null : group.filter
    const record = {
      sessionKey: this.key,
      sequence,
      messageId: held.id,
      packetId,
      firstByte,
      identifiers,
      sharedFilter,
    }
    const stored = qos === 2 ? { stored: () => this.#stored(entry) } : undefined
    message.holding = this.#ledger.addEntry({ ...record, isReleased: false }, held, stored)
    meter.queuedBytes += sizeBytes
    return true
  }

  #owe(filter: string, after: string | undefined): RetainedDebt {
    const debt = { after }
    this.#retainedOwed ??= new Map()
    this.#retainedOwed.set(filter, debt)
    return debt
  }

  #pay(filter: string): boolean {
    if (this.#retainedOwed?.delete(filter) !== true) return false
    if (this.#retainedOwed.size === 0) this.#retainedOwed = undefined
    return true
  }

  /** A subscription is often stored twice in a moment: as it is made, and when it is known what it is owed. */
  #storeSubscription(filter: string, options: SubscriptionOptions): void {
    const earlier = this.#subscription?.filter === filter ? this.#subscription.slot : undefined
    const owesRetained = this.#retainedOwed?.has(filter) === true
    const slot = this.#ledger.subscribe({ sessionKey: this.key, filter, options, owesRetained }, earlier)
    this.#subscription = { filter, slot }
  }

  #stored(entry: Entry<StoredOutgoing>): void {
    entry.isStored = true
    this.pump()
  }

  #hasRoomFor(sizeBytes: number): boolean {
    if (this.#takes(sizeBytes)) return true
    const nowMs = this.services.now()
    if (nowMs - this.#purgedAtMs < purgeEveryMs) return false
    this.#purgedAtMs = nowMs
    const expired = this.state.outbound.purge(({ publication }) => hasExpired(publication, nowMs))
    for (const entry of expired) this.settled(entry)
    this.services.meter.dropped.expired += expired.length
    return this.#takes(sizeBytes)
  }

  #takes(sizeBytes: number): boolean {
    const { meter, settings } = this.services
    const { outbound } = this.state
    if (!outbound.hasRoomFor(sizeBytes)) return false
    return meter.queuedBytes <= settings.queuedBytesTotal || outbound.fullness <= shortQueue
  }

  #send(line: Line, entry: Entry<StoredOutgoing>, isRepeat: boolean): void {
    const { qos, packetId, message } = entry
    const { publication, identifiers, firstByte } = message
    const shape = this.shapeFor(line, publication, identifiers, qos)
    if (shape.end - shape.start > line.maxPacketSizeBytes) {
      this.#discard(entry, 'too-large-for-client') // as if it had been sent [MQTT-3.1.2-25]
      return
    }
    line.outbox.publish(aliased(line, publication, shape), isRepeat ? firstByte | dup : firstByte, packetId)
    this.services.meter.messagesOut[qos]++
    this.services.watches.passed('down', this.identity.sessionId, firstByte, publication)
    line.wrote()
  }

  #discard(entry: Entry<StoredOutgoing>, reason: 'expired' | 'too-large-for-client'): void {
    this.state.outbound.discard(entry)
    this.services.meter.dropped[reason]++
    this.settled(entry)
  }
}
