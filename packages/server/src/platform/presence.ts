import { PLATFORM_TOPICS, statusMessage } from '@hatchway/protocol'
import type { Broker, Presence } from '../broker/port.ts'
import type { PresenceNotes } from './presence-notes.ts'
import type { Publisher } from './publisher.ts'

/** Tells the world and the registry which devices come and go. Returns what ends it. */
export function tellPresence(parts: { broker: Broker; publisher: Publisher; notes: PresenceNotes }): () => void {
  const { broker, publisher, notes } = parts
  return broker.onPresence(({ identity, online, at, address, takenOver }: Presence) => {
    // Taken over: the device is on line by its newer connection, and an "offline" that comes late would hide that.
    if (identity.kind !== 'device' || (!online && takenOver)) return
    const { productKey, deviceName } = identity
    notes.note({ productKey, deviceName, online, at, address })
    const status = online ? 'online' : 'offline'
    // The broker doesn't tell when the device last spoke; the change itself is the last that is known of it.
    const message = statusMessage({ status, productKey, deviceName, atMs: at, lastAtMs: at, clientIp: address })
    publisher.publish(PLATFORM_TOPICS.status.build(identity), message, 1)
  })
}
