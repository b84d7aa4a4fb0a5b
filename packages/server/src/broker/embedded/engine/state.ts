import type { ProtocolLevel } from '../../../mqtt/index.ts'
import type { SubscriptionOptions } from '../topic-tree.ts'
import { DurableOutbound } from './durable-outbound.ts'
import { OnDemandMap, OnDemandSet } from './on-demand.ts'
import { Outbound, type OutboundFlow, type OutboundLimits } from './outbound.ts'

/** Whether a topic or filter may be used: undefined = yes, else what is wrong with it, for the operator. */
export interface TopicRights {
  mayPublish(topic: string): string | undefined
  maySubscribe(filter: string): string | undefined
}

export interface SessionLimits {
  /** Filters that one session may hold. */
  readonly subscriptions: number
  /** QoS 2 messages that the client may have sent and not released: Receive Maximum of the CONNACK. */
  readonly receiveMaximum: number
  /** Longest Session Expiry Interval that the server grants. */
  readonly expirySeconds: number
  readonly outbound: OutboundLimits
}

/**
 * All that the engine knows of a session. Its functions change it and return what is to be done; they touch no socket,
 * store, timer or clock, so the same inputs give the same effects. `Message` is whatever the edge queues.
 */
export interface SessionState<Message> {
  readonly level: ProtocolLevel
  readonly limits: SessionLimits
  readonly rights: TopicRights
  readonly subscriptions: OnDemandMap<string, SubscriptionOptions>
  /** Packet identifiers of QoS 2 messages received and not yet released by PUBREL. */
  readonly unreleased: OnDemandSet<number>
  readonly outbound: OutboundFlow<Message>
  /** Session Expiry Interval in force: 0 = the session ends with its connection, 0xFFFFFFFF = never. */
  expirySeconds: number
}

/** The state of a session that ends with its connection. */
export interface TransientState<Message> extends SessionState<Message> {
  readonly outbound: Outbound<Message>
}

/** The state of one that outlives it. */
export interface DurableState<Message> extends SessionState<Message> {
  readonly outbound: DurableOutbound<Message>
}

export interface SessionOptions {
  readonly level: ProtocolLevel
  readonly limits: SessionLimits
  readonly rights: TopicRights
}

export function newSession<Message>(options: SessionOptions): TransientState<Message> {
  return stateOf(options, new Outbound<Message>(options.level, options.limits.outbound), 0)
}

export function newDurableSession<Message>(options: SessionOptions, expirySeconds: number): DurableState<Message> {
  const { level, limits } = options
  return stateOf(options, new DurableOutbound<Message>({ level, limits: limits.outbound }), expirySeconds)
}

/** The session on a new connection, which may speak another version and ask for other limits. */
export function resume<Message>(
  { subscriptions, unreleased, outbound }: DurableState<Message>,
  { level, limits, rights }: SessionOptions,
  expirySeconds: number,
): DurableState<Message> {
  outbound.reopen({ level, limits: limits.outbound })
  return { level, limits, rights, subscriptions, unreleased, outbound, expirySeconds }
}

/** Field by field: an object made by spreading keeps its later fields in a second piece of memory. */
function stateOf<Outbound>({ level, limits, rights }: SessionOptions, outbound: Outbound, expirySeconds: number) {
  const subscriptions = new OnDemandMap<string, SubscriptionOptions>()
  const unreleased = new OnDemandSet<number>()
  return { level, limits, rights, subscriptions, unreleased, outbound, expirySeconds }
}
