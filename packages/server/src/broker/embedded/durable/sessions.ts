import type { Identity } from '../../port.ts'
import type { Entry } from '../engine/entry.ts'
import { type DurableState, newDurableSession, resume, type SessionOptions } from '../engine/state.ts'
import type { MessageGroup } from '../message-group.ts'
import { Publication } from '../publication.ts'
import { qosOf } from '../session.ts'
import type { EntryRecord, StoredSession, StoredSessions, StoredWill } from '../store/session-store.ts'
import { Deadlines } from './deadlines.ts'
import { type DurableServices, DurableSession, type StoredOutgoing } from './durable-session.ts'
import type { HeldMessage } from './held-message.ts'
import { storedSlot } from './ledger.ts'

/** Session Expiry Interval of a session that never ends. [MQTT 5.0 section 3.1.2.11.2] */
const never = 0xffffffff

/** What several sessions that are restored have in common. */
interface Shared {
  readonly held: (messageId: number) => HeldMessage | undefined
  readonly groupOf: (sharedFilter: string) => MessageGroup
}

/** The sessions that outlive their connections, connected or not, and when those that are not end. */
export class DurableSessions {
  readonly #services: DurableServices
  readonly #sessions = new Map<string, DurableSession>()
  readonly #expiry: Deadlines<DurableSession>
  readonly #wills: Deadlines<DurableSession>
  #lastKey: number
  #absent = 0

  constructor(services: DurableServices, stored: StoredSessions, options: (stored: StoredSession) => SessionOptions) {
    const nowMs = services.now()
    this.#services = services
    this.#expiry = new Deadlines(nowMs)
    this.#wills = new Deadlines(nowMs)
    this.#lastKey = Math.max(0, ...stored.sessions.slice(-1).map(({ session }) => session.key))
    const messages = new Map<number, HeldMessage>()
    const held = (id: number) => {
      const known = messages.get(id)
      if (known !== undefined) return known
      const record = stored.messages.get(id)
      const made = record === undefined ? undefined : services.ledger.restored(publicationOf(record), id)
      if (made !== undefined) messages.set(id, made)
      return made
    }
    const groups = new Map<string, MessageGroup>()
    const groupOf = (filter: string) => {
      const group = groups.get(filter) ?? services.groups.named(filter)
      groups.set(filter, group)
      return group
    }
    for (const session of stored.sessions) this.#restore(session, options(session), { held, groupOf })
  }

  get count(): number {
    return this.#sessions.size
  }

  /** Those without a connection. */
  get absent(): number {
    return this.#absent
  }

  get hasRoom(): boolean {
    return this.#sessions.size < this.#services.settings.sessions && !this.#services.ledger.isOverloaded
  }

  get(sessionId: string): DurableSession | undefined {
    return this.#sessions.get(sessionId)
  }

  values(): IterableIterator<DurableSession> {
    return this.#sessions.values()
  }

  open(identity: Identity, options: SessionOptions, expirySeconds: number): DurableSession {
    const state = newDurableSession<StoredOutgoing>(options, expirySeconds)
    const session = new DurableSession({ key: ++this.#lastKey, identity, state, services: this.#services })
    this.#sessions.set(identity.sessionId, session)
    return session
  }

  /** The session gets a new connection: it does not end, and its will is not published. [MQTT-3.1.3-9] */
  resume(session: DurableSession, identity: Identity, options: SessionOptions, expirySeconds: number): void {
    this.#expiry.delete(session)
    this.#wills.delete(session)
    session.identity = identity
    session.state = resume(session.state, options, expirySeconds)
    session.absentSinceMs = null
    this.#absent--
  }

  /** The session has no connection from now on. Its will, if any, waits for its delay. */
  leave(session: DurableSession): void {
    session.disconnect(this.#services.now())
    this.#absent++
    this.#schedule(session)
    session.store()
  }

  /** The session's will, which is published now and so not again. */
  takeWill(session: DurableSession): StoredWill | null {
    const { will } = session
    if (will === null) return null
    this.#wills.delete(session)
    session.will = null
    session.store()
    return will
  }

  /** Ends the session. The caller takes it out of the topic tree, and publishes its will. */
  end(session: DurableSession): void {
    this.#expiry.delete(session)
    this.#wills.delete(session)
    this.#sessions.delete(session.identity.sessionId)
    if (session.absentSinceMs !== null) this.#absent--
    session.end()
  }

  /** Whether its time is over, which `due` tells up to two seconds later. [MQTT 5.0 section 3.1.2.11.2] */
  hasExpired({ absentSinceMs, state: { expirySeconds } }: DurableSession): boolean {
    if (absentSinceMs === null || expirySeconds === never) return false
    return this.#services.now() >= absentSinceMs + expirySeconds * 1000
  }

  /** Those whose will is due, and those whose time is over. */
  due(): { readonly wills: readonly DurableSession[]; readonly expired: readonly DurableSession[] } {
    const nowMs = this.#services.now()
    return { wills: this.#wills.take(nowMs), expired: this.#expiry.take(nowMs) }
  }

  #schedule(session: DurableSession): void {
    const { absentSinceMs, will } = session
    const { expirySeconds } = session.state
    if (absentSinceMs === null) return
    if (expirySeconds !== never) this.#expiry.set(session, absentSinceMs + expirySeconds * 1000)
    // A delay beyond the session's end means nothing: the will is published when it ends.
    if (will !== null && will.delaySeconds < expirySeconds) {
      this.#wills.set(session, absentSinceMs + will.delaySeconds * 1000)
    }
  }

  #restore(
    { session: record, subscriptions, retainedOwed, unreleased, entries }: StoredSession,
    options: SessionOptions,
    { held, groupOf }: Shared,
  ): void {
    const { key, identity, expirySeconds, absentSinceMs, sentUpTo, will } = record
    const state: DurableState<StoredOutgoing> = newDurableSession(options, expirySeconds)
    for (const [filter, subscription] of subscriptions) state.subscriptions.set(filter, subscription)
    for (const packetId of unreleased) state.unreleased.add(packetId)
    const session = new DurableSession({ key, identity, state, retainedOwed, services: this.#services })
    // It had a connection when the process died: any of its messages may have been sent.
    const wasSent = (sequence: number) => absentSinceMs === null || sequence <= sentUpTo
    const restored = entries.flatMap(entry => {
      const message = held(entry.messageId)
      if (message === undefined) return []
      const group = entry.sharedFilter === null ? undefined : groupOf(entry.sharedFilter)
      return [restoredEntry(entry, message, { group, wasSent: wasSent(entry.sequence) })]
    })
    state.outbound.restore(restored, sentUpTo)
    this.#services.meter.queuedBytes += state.outbound.queuedBytes
    session.will = will
    session.absentSinceMs = absentSinceMs ?? this.#services.now()
    this.#sessions.set(identity.sessionId, session)
    this.#absent++
    this.#schedule(session)
    if (absentSinceMs === null) session.store()
  }
}

function publicationOf({ packet, level, expiresAtMs }: { packet: Uint8Array; level: 4 | 5; expiresAtMs: number }) {
  const publication = Publication.of(Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength), level)
  const { buffer, topicStart, topicEnd } = publication
  publication.topic = buffer.toString('utf8', topicStart, topicEnd)
  publication.expiresAtMs = expiresAtMs
  return publication
}

function restoredEntry(
  record: EntryRecord,
  held: HeldMessage,
  { group, wasSent }: { group: MessageGroup | undefined; wasSent: boolean },
): Entry<StoredOutgoing> {
  const { sequence, packetId, firstByte, identifiers, isReleased } = record
  held.references++
  const publication = held.publication as Publication // made by `publicationOf`
  const message = { publication, firstByte, identifiers, group, holding: { message: held, slot: storedSlot } }
  const sizeBytes = publication.end - publication.start
  return { sequence, packetId, qos: qosOf(firstByte), sizeBytes, message, isStored: true, wasSent, isReleased }
}
