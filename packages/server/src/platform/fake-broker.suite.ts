import { topicMatches } from '@hatchway/protocol'
import type { Broker, BrokerIncident, Identity, Message, Presence, ReceivedMessage } from '../broker/port.ts'

/** A broker that only remembers what it is told, and tells what the test makes it tell. */
export interface FakeBroker extends Broker {
  readonly published: { topic: string; payload: string; qos: number; retain: boolean }[]
  readonly privately: { topic: string; payload: string }[]
  readonly forgotten: string[]
  readonly cut: { sessionId: string; reason: string }[]
  readonly listeners: () => number
  /** So many sessions took what is published from now on. */
  subscribers: number
  connect(identity: Identity): void
  receive(message: Partial<ReceivedMessage> & { topic: string; payload: Uint8Array; from: Identity }): void
  tellPresence(presence: Partial<Presence> & { identity: Identity; online: boolean }): void
  tellIncident(incident: BrokerIncident): void
  failPublishing(error: Error): void
}

export function createFakeBroker(): FakeBroker {
  const live = new Map<string, Identity>()
  const taps = new Set<{ filter: string; handler: (message: ReceivedMessage) => void }>()
  const onPresence = new Set<(presence: Presence) => void>()
  const onIncident = new Set<(incident: BrokerIncident) => void>()
  const published: FakeBroker['published'] = []
  const privately: FakeBroker['privately'] = []
  const cut: FakeBroker['cut'] = []
  const forgotten: string[] = []
  let failure: Error | undefined
  const listen = <Listener>(set: Set<Listener>, listener: Listener): (() => void) => {
    set.add(listener)
    return () => set.delete(listener)
  }
  const disconnect: Broker['disconnect'] = (sessionId, reason) => {
    if (!live.delete(sessionId)) return false
    cut.push({ sessionId, reason })
    return true
  }
  const notNeeded = (): never => {
    throw new Error('not part of this fake')
  }
  const fake: FakeBroker = {
    subscribers: 0,
    keepsSessions: true,
    problem: () => undefined,
    published,
    privately,
    cut,
    forgotten,
    listeners: () => taps.size + onPresence.size + onIncident.size,
    attach: notNeeded,
    stats: notNeeded,
    close: async () => {},
    async publish({ topic, payload, qos, retain = false }: Message) {
      if (failure !== undefined) throw failure
      published.push({ topic, payload: Buffer.from(payload).toString(), qos, retain })
      return { subscribers: fake.subscribers }
    },
    disconnect,
    connected: sessionId => live.get(sessionId),
    privateLine: sessionId =>
      live.has(sessionId)
        ? {
            address: '10.0.0.7',
            transport: 'tls',
            sendPrivately: ({ topic, payload }) => {
              privately.push({ topic, payload: Buffer.from(payload).toString() })
              return true
            },
          }
        : undefined,
    disconnectWhere(predicate, reason) {
      const found = [...live.values()].filter(predicate)
      for (const { sessionId } of found) disconnect(sessionId, reason)
      return found.length
    },
    forget(sessionId, reason) {
      forgotten.push(sessionId)
      return disconnect(sessionId, reason)
    },
    forgetWhere(predicate, reason) {
      const found = [...live.values()].filter(predicate)
      for (const { sessionId } of found) {
        forgotten.push(sessionId)
        disconnect(sessionId, reason)
      }
      return found.length
    },
    tap: (filter, handler) => listen(taps, { filter, handler }),
    watch: notNeeded,
    onPresence: listener => listen(onPresence, listener),
    onIncident: listener => listen(onIncident, listener),
    connect: identity => {
      live.set(identity.sessionId, identity)
    },
    receive: message => {
      for (const { filter, handler } of taps) if (topicMatches(filter, message.topic)) handler({ qos: 0, ...message })
    },
    tellPresence: presence => {
      const told = {
        at: 1_535_700_748_205,
        address: '10.0.0.7',
        transport: 'tls' as const,
        reason: null,
        takenOver: false,
        ...presence,
      }
      for (const listener of onPresence) listener(told)
    },
    tellIncident: incident => {
      for (const listener of onIncident) listener(incident)
    },
    failPublishing: error => {
      failure = error
    },
  }
  return fake
}

export const device = (deviceName = 'dev1', clientId: string | null = null): Extract<Identity, { kind: 'device' }> => ({
  kind: 'device',
  sessionId: `pk1/${deviceName}`,
  productKey: 'pk1',
  deviceName,
  clientId,
})

export const application = (keyId = 'hk1'): Extract<Identity, { kind: 'application' }> => ({
  kind: 'application',
  sessionId: `@${keyId}/dashboard`,
  keyId,
  products: 'all',
})
