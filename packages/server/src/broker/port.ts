import type { ReasonCode } from '@hatchway/protocol'
import type { Connect } from '../mqtt/index.ts'
import type { Transport } from '../registry/types.ts'

/** Who is connected, as onboarding found. The broker asks only for rights; it never sees a credential. */
export type Identity =
  | {
      kind: 'device'
      /** `{productKey}/{deviceName}`: the session's key. */
      sessionId: string
      productKey: string
      deviceName: string
      /** The issued ClientID that logged in, null for a DeviceSecret login. */
      clientId: string | null
    }
  | {
      kind: 'application'
      /** `@{keyId}/{clientId}`. */
      sessionId: string
      keyId: string
      products: ReadonlySet<string> | 'all'
    }

/** A connection as the broker sees it, made by the gateway over TCP, TLS or WebSocket. */
export interface Link {
  /** Queues bytes; the gateway hands them to the socket in one write per turn. The bytes must not be changed afterwards. */
  write(bytes: Uint8Array): void
  /** Bytes queued here or in the socket that the kernel has not taken. */
  readonly pendingBytes: number
  /**
   * Told when pendingBytes has fallen to zero after the kernel did not take all of a turn's bytes at once. An object: a
   * function of its own would take another 100 bytes of each connection.
   */
  drainListener: DrainListener | undefined
  pauseReading(): void
  resumeReading(): void
  /** Sends what is queued, then ends the connection (bounded in time). */
  end(): void
  destroy(): void
  /** Peer address without port. */
  readonly address: string
  /** What carries it, for the journal. */
  readonly transport: Transport
}

export interface DrainListener {
  drained(): void
}

/** The broker's side of one connection: the gateway feeds it. */
export interface Attachment {
  /** Bytes after the CONNECT, cut anywhere. */
  receive(chunk: Buffer): void
  /** The connection is gone, without or after a DISCONNECT. Idempotent. */
  closed(): void
}

export interface AttachRequest {
  identity: Identity
  connect: Connect
  link: Link
  /** Keep Alive in force (after clamping), 0 = none. Dropped after 1.5 times this. */
  keepAliveSeconds: number
  /** True if keepAliveSeconds differs from what the client asked: MQTT 5 clients are told (Server Keep Alive). */
  keepAliveChanged: boolean
  /** Filters to subscribe on the client's behalf (`_ss=1`), QoS 1. */
  serverSubscriptions: readonly string[]
}

export interface Message {
  topic: string
  payload: Uint8Array
  qos: 0 | 1 | 2
  retain?: boolean
}

/**
 * A publish that reached the broker from a client, for platform services. `payload` is a view of a larger piece of memory:
 * copy what is to be kept for longer than the call.
 */
export interface ReceivedMessage {
  topic: string
  payload: Uint8Array
  qos: 0 | 1 | 2
  from: Identity
}

/** A message of a session on its way. `payload` is a view of a larger piece of memory, as above. */
export interface PassingMessage {
  /** up: from the session's client; down: to it. */
  direction: 'up' | 'down'
  topic: string
  payload: Uint8Array
  qos: 0 | 1 | 2
  retain: boolean
}

export interface Presence {
  identity: Identity
  online: boolean
  at: number
  address: string
  /** What carries the connection. */
  transport: Transport
  /** Why it went offline. */
  reason: ReasonCode | 'client-disconnected' | 'connection-lost' | null
  /** True if the same session came back on another connection: no one should be told that it is offline. */
  takenOver: boolean
}

/** What happened to a client's traffic that the journal should hold. */
export interface BrokerIncident {
  identity: Identity
  address: string
  reason: ReasonCode
  topic?: string
  problem?: string
  /** Whether the connection was closed over it. */
  closed: boolean
  /** The CONNACK code that refused the connection; not there if it was up. */
  connackCode?: number
  /** DISCONNECT sent etc.; for the journal's version column. */
  protocolLevel: 3 | 4 | 5
  transport: Transport
}

/** A message at QoS 0 for one client, who needs no subscription for it. */
export interface PrivateMessage {
  topic: string
  payload: Uint8Array
}

/** A live connection, for what concerns nobody else. */
export interface PrivateLine {
  /** Peer address without port. */
  readonly address: string
  readonly transport: Transport
  /**
   * Nobody else gets the message: no subscriber of its topic, and nobody who watches the session. False if the connection
   * has ended, or the client takes no packet of that size.
   */
  sendPrivately(message: PrivateMessage): boolean
}

export interface BrokerStats {
  connections: number
  /** Null, here and below: an MQTT cluster keeps them, and does not tell. */
  sessions: number | null
  /** Of clients, absent ones included. */
  subscriptions: number | null
  messagesIn: Record<0 | 1 | 2, number>
  messagesOut: Record<0 | 1 | 2, number>
  bytesIn: number
  bytesOut: number
  /** Messages not delivered or not routed, by reason. */
  dropped: Record<string, number>
  queuedBytes: number
  /** Live connections by the MQTT version of their CONNECT. */
  connectionsByVersion: Record<'3.1' | '3.1.1' | '5.0', number>
  /** Retained messages, and the bytes of their packets. */
  retained: { messages: number; bytes: number } | null
  /** Shared subscriptions, each with all its members. */
  sharedGroups: number | null
  /** The MQTT cluster's hosts (`host:port`); null = there is no cluster. */
  upstream: Readonly<Record<string, UpstreamFigures>> | null
}

export interface UpstreamFigures {
  /** Whether its last answer was a good one. */
  reachable: boolean
  /** Connections of this gateway to it. */
  connections: number
  /** Connections that it did not take, since the start. */
  failures: number
}

/**
 * Sessions and routing behind one port. `embedded/` does both in this process; a relay onto an MQTT cluster can take its place.
 */
export interface Broker {
  /** False: sessions are a cluster's. It is told to end one that is not connected here, too, but that takes a connection each. */
  readonly keepsSessions: boolean
  /** Takes the connection over, answers the CONNECT itself, and ends an older connection of the same session (newest wins). */
  attach(request: AttachRequest): Attachment
  /**
   * Routes a message of the platform or the API. Resolves when it is owned (stored for every session that
   * outlives its connection, or acknowledged by the cluster); rejects with `StoreUnavailable` or `UpstreamUnavailable` if that
   * takes too long. `subscribers` = how many sessions it went to; null = the cluster does not tell.
   * Rejects with a RangeError that says what is wrong with the topic or that the payload is too large.
   */
  publish(message: Message): Promise<{ subscribers: number | null }>
  /** Ends the session's connection, telling an MQTT 5 client why. False if it was not connected. */
  disconnect(sessionId: string, reason: ReasonCode): boolean
  /** The live connection's identity, if any. */
  connected(sessionId: string): Identity | undefined
  /** The session's live connection itself: after a take-over it is another one. */
  privateLine(sessionId: string): PrivateLine | undefined
  /** Ends every connection for which the predicate holds; returns how many. */
  disconnectWhere(predicate: (identity: Identity) => boolean, reason: ReasonCode): number
  /**
   * Ends the session for good, its connection included: subscriptions and waiting messages are gone, and a will that waits
   * is published. False if there was neither, as far as this broker knows.
   */
  forget(sessionId: string, reason: ReasonCode): boolean
  /** The same for every session that this broker knows and for which the predicate holds; returns how many. */
  forgetWhere(predicate: (identity: Identity) => boolean, reason: ReasonCode): number
  /** Calls back for every routed client publish that matches the filter, after its rights were checked. */
  tap(filter: string, handler: (message: ReceivedMessage) => void): () => void
  /**
   * Calls back for every message that this session's client has published (after its rights were checked), and for every
   * one that is sent to it, over its connection here. Costs nothing where nobody watches.
   */
  watch(sessionId: string, handler: (message: PassingMessage) => void): () => void
  onPresence(listener: (presence: Presence) => void): () => void
  onIncident(listener: (incident: BrokerIncident) => void): () => void
  stats(): BrokerStats
  /** Why no message can be carried now, one sentence; undefined = nothing is wrong. */
  problem(): string | undefined
  /** Ends all connections with `server-shutting-down` and waits, bounded, until they are gone. */
  close(timeoutMs: number): Promise<void>
}
