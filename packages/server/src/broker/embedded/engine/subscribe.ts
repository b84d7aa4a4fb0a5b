import {
  isTopicFilter,
  type ProtocolLevel,
  type Subscribe,
  type Subscription,
  type Unsubscribe,
} from '../../../mqtt/index.ts'
import type { SubscriptionOptions } from '../topic-tree.ts'
import type { Effect } from './effects.ts'
import type { SessionState } from './state.ts'

interface Refusal {
  readonly reasonCode: number
  readonly reason: 'topic-not-allowed-subscribe' | 'topic-filter-invalid'
  readonly problem: string
}

/** One SUBACK code per filter; a refused filter leaves the others and the connection alone. [MQTT-3.8.4-6] */
export function subscribe<Message>(session: SessionState<Message>, packet: Subscribe): readonly Effect[] {
  const effects: Effect[] = []
  const reasonCodes: number[] = []
  const identifier = packet.properties?.subscriptionIdentifier ?? 0
  for (const subscription of packet.subscriptions) {
    const { filter, qos, noLocal, retainAsPublished } = subscription
    const refusal = refusalOf(session, subscription)
    if (refusal !== undefined) {
      const { reason, problem } = refusal
      reasonCodes.push(codeOf(refusal.reasonCode, session.level))
      effects.push({ do: 'incident', reason, topic: filter, problem })
      continue
    }
    const options: SubscriptionOptions = { qos, noLocal, retainAsPublished, identifier }
    session.subscriptions.set(filter, options) // [MQTT-3.8.4-3]
    effects.push({ do: 'subscribe', filter, options })
    reasonCodes.push(qos)
  }
  const { packetId } = packet
  return [...effects, { do: 'send', packet: { type: 'suback', packetId, reasonCodes } }] // [MQTT-3.8.4-1]
}

/**
 * What the server subscribes a device to on its own account (`_ss`): QoS 1, and nothing that the device itself published,
 * since the filters cover what it sends too.
 */
export function subscribeByServer<Message>(
  session: SessionState<Message>,
  filters: readonly string[],
): readonly Effect[] {
  const options: SubscriptionOptions = { qos: 1, noLocal: true, retainAsPublished: false, identifier: 0 }
  return filters.map(filter => {
    session.subscriptions.set(filter, options)
    return { do: 'subscribe', filter, options }
  })
}

/** One UNSUBACK code per filter. [MQTT-3.10.4-5] */
export function unsubscribe<Message>(session: SessionState<Message>, packet: Unsubscribe): readonly Effect[] {
  const effects: Effect[] = []
  const reasonCodes: number[] = []
  for (const filter of packet.filters) {
    const existed = session.subscriptions.delete(filter)
    if (existed) effects.push({ do: 'unsubscribe', filter })
    reasonCodes.push(existed ? 0x00 : 0x11)
  }
  return [...effects, { do: 'send', packet: { type: 'unsuback', packetId: packet.packetId, reasonCodes } }]
}

function refusalOf<Message>(session: SessionState<Message>, { filter }: Subscription): Refusal | undefined {
  if (!isTopicFilter(filter)) {
    const problem = 'a wildcard does not fill its level, or # is not the last one'
    return { reasonCode: 0x8f, reason: 'topic-filter-invalid', problem }
  }
  if (filter.startsWith('$share/')) {
    const problem = 'shared subscriptions are not served yet'
    return { reasonCode: 0x9e, reason: 'topic-not-allowed-subscribe', problem }
  }
  const forbidden = session.maySubscribe(filter)
  if (forbidden !== undefined) {
    return { reasonCode: 0x87, reason: 'topic-not-allowed-subscribe', problem: forbidden }
  }
  const { subscriptions, limits } = session
  if (subscriptions.size < limits.subscriptions || subscriptions.has(filter)) return undefined
  const problem = `the session holds ${subscriptions.size} subscriptions already, the limit is ${limits.subscriptions}`
  return { reasonCode: 0x97, reason: 'topic-not-allowed-subscribe', problem }
}

/** Below MQTT 5 there is one code for every refusal; MQTT 3.1 has none, and takes 0x80 as its successor does. */
function codeOf(reasonCode: number, level: ProtocolLevel): number {
  return level === 5 ? reasonCode : 0x80
}
