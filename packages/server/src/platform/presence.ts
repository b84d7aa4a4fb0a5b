import { PLATFORM_TOPICS, statusMessage } from '@hatchway/protocol'
import type { Broker, Presence } from '../broker/port.ts'
import type { Registry } from '../registry/registry.ts'
import type { PresenceChange } from '../registry/store.ts'
import type { TimeMs } from '../registry/types.ts'
import type { LiveConnections } from './live-connections.ts'
import { PresenceNotes } from './presence-notes.ts'
import type { Publisher } from './publisher.ts'

export interface PresenceParts {
  broker: Broker
  registry: Registry
  publisher: Publisher
  clock: () => TimeMs
  onError: (error: unknown) => void
}

export interface PresenceTeller {
  /** Writes what is left. */
  close(): Promise<void>
}

/** Tells the world and the registry at once which devices come and go. */
export function tellPresence({ broker, registry, publisher, onError }: PresenceParts): PresenceTeller {
  const notes = new PresenceNotes({ store: registry.store, onError })
  const end = broker.onPresence(presence => {
    const change = changeOf(presence)
    // Taken over: the device is on line by its newer connection, and an "offline" that comes late would hide that.
    if (change === undefined || (!presence.online && presence.takenOver)) return
    notes.note(change)
    publishStatus(publisher, change)
  })
  return closing(notes, [end])
}

/**
 * The same where several gateways share the registry, and perhaps one MQTT cluster: a device can be on line elsewhere by
 * the time that its connection here is found dead. So the registry is asked first, and the world hears what counted.
 */
export function tellSharedPresence(parts: PresenceParts & { live: LiveConnections }): PresenceTeller {
  const { broker, registry, publisher, clock, onError, live } = parts
  const told = new WeakSet<PresenceChange>()
  const again = new AnewNotes(broker, live)
  const onNoted = (change: PresenceChange, counts: boolean): void => {
    again.settle(change, counts)
    if (counts && !told.has(change)) publishStatus(publisher, change)
  }
  const notes = new PresenceNotes({ store: registry.store, onError, shared: { onNoted } })
  const ends = [
    broker.onPresence(presence => {
      const change = changeOf(presence)
      if (change === undefined) return
      if (!presence.online && presence.takenOver) {
        // By a connection that is about to be known here, or else by one at another gateway.
        setImmediate(() => {
          if (broker.connected(presence.identity.sessionId) === undefined) notes.note(change)
        })
        return
      }
      notes.note(change)
      if (presence.reason !== 'server-shutting-down') return
      publishStatus(publisher, change) // the broker will not be there any more when the note is written
      told.add(change)
    }),
    registry.onLeaseEvent?.(event => {
      if (event.kind === 'abandoned') {
        for (const change of event.devices) publishStatus(publisher, change)
        return
      }
      for (const presence of live.values()) {
        const change = again.change(presence, clock()) // later than what the others may have told
        if (change !== undefined) notes.note(change)
      }
    }),
  ]
  return closing(notes, ends)
}

/** Connections that are noted again because the lease was lost. One whose device has come elsewhere meanwhile is taken over. */
class AnewNotes {
  readonly #broker: Broker
  readonly #live: LiveConnections
  readonly #waiting = new WeakMap<PresenceChange, Presence>()
  /** When the registry was told last, if not when it came. */
  readonly #notedAt = new WeakMap<Presence, TimeMs>()

  constructor(broker: Broker, live: LiveConnections) {
    this.#broker = broker
    this.#live = live
  }

  /** undefined for an application. */
  change(presence: Presence, at: TimeMs): PresenceChange | undefined {
    const came = changeOf(presence)
    if (came === undefined) return undefined
    const change = { ...came, at, since: this.#notedAt.get(presence) ?? presence.at }
    this.#waiting.set(change, presence)
    return change
  }

  settle(change: PresenceChange, counts: boolean): void {
    const presence = this.#waiting.get(change)
    if (presence === undefined) return
    if (counts) this.#notedAt.set(presence, change.at)
    else if (this.#live.has(presence)) this.#broker.disconnect(presence.identity.sessionId, 'session-taken-over')
  }
}

const closing = (notes: PresenceNotes, ends: readonly ((() => void) | undefined)[]): PresenceTeller => ({
  close() {
    for (const end of ends) end?.()
    return notes.close()
  },
})

const changeOf = ({ identity, online, at, address, transport, reason }: Presence): PresenceChange | undefined => {
  if (identity.kind !== 'device') return undefined
  const { productKey, deviceName, clientId } = identity
  const change = { productKey, deviceName, online, at, address }
  return online ? { ...change, transport, clientId } : { ...change, reason }
}

const publishStatus = (publisher: Publisher, change: PresenceChange): void => {
  const { productKey, deviceName, online, at, address } = change
  const status = online ? 'online' : 'offline'
  // The broker doesn't tell when the device last spoke; the change itself is the last that is known of it.
  const times = { atMs: at, lastAtMs: at }
  const message = statusMessage({ status, productKey, deviceName, ...times, clientIp: address ?? '' })
  publisher.publish(PLATFORM_TOPICS.status.build(change), message, 1)
}
