import type { Subscribe, Subscription, Unsubscribe } from '../../../mqtt/index.ts'
import { type FilterRefusal, filterRefusal, subackCode } from '../../client/filter-refusal.ts'
import type { SubscriptionOptions } from '../topic-tree.ts'
import type { Effect } from './effects.ts'
import type { SessionState } from './state.ts'

const shared = '$share/'

/** One SUBACK code per filter; a refused filter leaves the others and the connection alone. [MQTT-3.8.4-6] */
export function subscribe<Message>(session: SessionState<Message>, packet: Subscribe): readonly Effect[] {
  const effects: Effect[] = []
  const retained: Effect[] = []
  const reasonCodes: number[] = []
  let reasonString: string | undefined
  const identifier = packet.properties?.subscriptionIdentifier ?? 0
  for (const subscription of packet.subscriptions) {
    const { filter, qos, noLocal, retainAsPublished, retainHandling } = subscription
    const refusal = refusalOf(session, subscription)
    if (refusal !== undefined) {
      const { reason, problem } = refusal
      reasonCodes.push(subackCode(refusal, session.level))
      reasonString ??= `${filter}: ${problem}`
      effects.push({ do: 'incident', reason, topic: filter, problem })
      continue
    }
    const options: SubscriptionOptions = { qos, noLocal, retainAsPublished, identifier }
    const isNew = !session.subscriptions.has(filter)
    session.subscriptions.set(filter, options) // [MQTT-3.8.4-3]
    effects.push({ do: 'subscribe', filter, options })
    if (wantsRetained(subscription.filter, retainHandling, isNew)) retained.push({ do: 'retained', filter, options })
    reasonCodes.push(qos)
  }
  const { packetId } = packet
  const properties = reasonString === undefined ? undefined : { reasonString }
  const suback: Effect = { do: 'send', packet: { type: 'suback', packetId, reasonCodes, properties } } // [MQTT-3.8.4-1]
  return [...effects, suback, ...retained]
}

/** Shared subscriptions get no retained messages. [MQTT 5.0 section 4.8.2] */
function wantsRetained(filter: string, retainHandling: 0 | 1 | 2, isNew: boolean): boolean {
  if (filter.startsWith(shared) || retainHandling === 2) return false // [MQTT-3.3.1-11]
  return retainHandling === 0 || isNew // [MQTT-3.3.1-9] [MQTT-3.3.1-10]
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
  return filters.flatMap((filter): Effect[] => {
    const earlier = session.subscriptions.get(filter)
    if (earlier !== undefined && isSame(earlier, options)) return []
    const isNew = earlier === undefined
    session.subscriptions.set(filter, options)
    const subscribed: Effect = { do: 'subscribe', filter, options }
    return isNew ? [subscribed, { do: 'retained', filter, options }] : [subscribed]
  })
}

function isSame(one: SubscriptionOptions, other: SubscriptionOptions): boolean {
  const { qos, noLocal, retainAsPublished, identifier } = other
  if (one.qos !== qos || one.noLocal !== noLocal) return false
  return one.retainAsPublished === retainAsPublished && one.identifier === identifier
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

function refusalOf<Message>(session: SessionState<Message>, { filter }: Subscription): FilterRefusal | undefined {
  const refusal = filterRefusal(filter, session.rights)
  if (refusal !== undefined) return refusal
  const { subscriptions, limits } = session
  if (subscriptions.size < limits.subscriptions || subscriptions.has(filter)) return undefined
  const problem = `the session holds ${subscriptions.size} subscriptions already, the limit is ${limits.subscriptions}`
  return { reasonCode: 0x97, reason: 'topic-not-allowed-subscribe', problem }
}
