import type { ProtocolLevel } from '../../../mqtt/index.ts'
import type { SubscriptionOptions } from '../topic-tree.ts'
import { Outbound, type OutboundLimits } from './outbound.ts'

/** Whether a filter may be subscribed to: undefined = yes, else what is wrong with it, for the operator. */
export type SubscribeRight = (filter: string) => string | undefined

export interface SessionLimits {
  /** Filters that one session may hold. */
  readonly subscriptions: number
  /** QoS 2 messages that the client may have sent and not released: Receive Maximum of the CONNACK. */
  readonly receiveMaximum: number
  readonly outbound: OutboundLimits
}

/**
 * All that the engine knows of a session. Its functions change it and return what is to be done; they touch no socket,
 * store, timer or clock, so the same inputs give the same effects. `Message` is whatever the edge queues.
 */
export interface SessionState<Message> {
  readonly level: ProtocolLevel
  readonly limits: SessionLimits
  readonly maySubscribe: SubscribeRight
  readonly subscriptions: Map<string, SubscriptionOptions>
  /** Packet identifiers of QoS 2 messages received and not yet released by PUBREL. */
  readonly unreleased: Set<number>
  readonly outbound: Outbound<Message>
}

export interface SessionOptions {
  readonly level: ProtocolLevel
  readonly limits: SessionLimits
  readonly maySubscribe: SubscribeRight
}

export function newSession<Message>({ level, limits, maySubscribe }: SessionOptions): SessionState<Message> {
  return {
    level,
    limits,
    maySubscribe,
    subscriptions: new Map(),
    unreleased: new Set(),
    outbound: new Outbound(level, limits.outbound),
  }
}
