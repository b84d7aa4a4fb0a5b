import { isTopicName } from '../../mqtt/index.ts'
import type { Message } from '../port.ts'

/** Throws a RangeError that says what is wrong with a message of the platform or the API. */
export function checkMessage({ topic, payload }: Message, payloadBytes: number): void {
  if (!isTopicName(topic)) throw new RangeError(`topic is "${topic}": give a topic name without + and #`)
  if (payload.length <= payloadBytes) return
  throw new RangeError(`payload has ${payload.length} bytes, the limit is ${payloadBytes}: send less at once`)
}
