import { parseSharedFilter } from '@hatchway/protocol'
import { isTopicFilter, type ProtocolLevel, subscribeFailure } from '../../mqtt/index.ts'
import type { Rights } from './rights.ts'

/** Why a client may not have a topic filter. */
export interface FilterRefusal {
  readonly reasonCode: number
  readonly reason: 'topic-not-allowed-subscribe' | 'topic-filter-invalid'
  readonly problem: string
}

export function filterRefusal(filter: string, rights: Rights): FilterRefusal | undefined {
  if (!isTopicFilter(filter)) {
    const problem = 'a wildcard does not fill its level, or # is not the last one'
    return { reasonCode: 0x8f, reason: 'topic-filter-invalid', problem }
  }
  if (filter.startsWith('$share/') && parseSharedFilter(filter) === undefined) {
    const problem = 'a shared subscription is $share/{group}/{filter}, the group without wildcards'
    return { reasonCode: 0x8f, reason: 'topic-filter-invalid', problem } // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
  }
  const problem = rights.maySubscribe(filter)
  return problem === undefined ? undefined : { reasonCode: 0x87, reason: 'topic-not-allowed-subscribe', problem }
}

/** Below MQTT 5 there is one code for every refusal; MQTT 3.1 has none, and takes 0x80 as its successor does. */
export function subackCode({ reasonCode }: Pick<FilterRefusal, 'reasonCode'>, level: ProtocolLevel): number {
  return level === 5 ? reasonCode : subscribeFailure
}
