import {
  clockReply,
  type DeviceIdentity,
  eventPostReply,
  eventPostReplyTopic,
  eventPostTopic,
  matchEventPost,
  PLATFORM_TOPICS,
} from '@hatchway/protocol'
import type { Broker, ReceivedMessage } from '../broker/port.ts'
import type { TimeMs } from '../registry/types.ts'
import type { Publisher } from './publisher.ts'

interface Answer {
  /** Matches the requests of all devices, and may match more. */
  filter: string
  /** What goes to the device; undefined if the message is no request of this device, or none that can be answered. */
  answer(
    message: ReceivedMessage,
    device: DeviceIdentity,
    clock: () => TimeMs,
  ): { topic: string; text: string | undefined } | undefined
}

const anyDevice = { productKey: '+', deviceName: '+' }

const answers: readonly Answer[] = [
  {
    filter: PLATFORM_TOPICS.clockRequest.build(anyDevice),
    answer({ topic, payload }, device, clock) {
      if (topic !== PLATFORM_TOPICS.clockRequest.build(device)) return undefined
      return { topic: PLATFORM_TOPICS.clockResponse.build(device), text: clockReply(payload, clock(), clock()) }
    },
  },
  {
    filter: eventPostTopic(anyDevice, '+'),
    answer({ topic, payload }, device) {
      const event = matchEventPost(topic)?.event
      if (event === undefined || topic !== eventPostTopic(device, event)) return undefined
      return { topic: eventPostReplyTopic(device, event), text: eventPostReply(event, payload) }
    },
  },
]

/** Answers what devices ask of the platform itself. Returns what ends it. */
export function answerDevices(parts: { broker: Broker; publisher: Publisher; clock: () => TimeMs }): () => void {
  const { broker, publisher, clock } = parts
  const untaps = answers.map(({ filter, answer }) =>
    broker.tap(filter, message => {
      const { from, qos } = message
      // An application may publish on a device's topic; the device would get an answer to a question it never asked.
      const reply = from.kind === 'device' ? answer(message, from, clock) : undefined
      if (reply?.text !== undefined) publisher.publish(reply.topic, reply.text, qos === 0 ? 0 : 1)
    }),
  )
  return () => {
    for (const untap of untaps) untap()
  }
}
