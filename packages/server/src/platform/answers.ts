import { clockReply, type DeviceTopic, PLATFORM_TOPICS, propertyPostReply } from '@hatchway/protocol'
import type { Broker, ReceivedMessage } from '../broker/port.ts'
import type { TimeMs } from '../registry/types.ts'
import type { Publisher } from './publisher.ts'

interface Answer {
  request: DeviceTopic
  response: DeviceTopic
  /** undefined if the request is none that can be answered. */
  reply(request: Uint8Array, clock: () => TimeMs): string | undefined
}

const answers: readonly Answer[] = [
  {
    request: PLATFORM_TOPICS.clockRequest,
    response: PLATFORM_TOPICS.clockResponse,
    reply: (request, clock) => clockReply(request, clock(), clock()),
  },
  {
    request: PLATFORM_TOPICS.propertyPost,
    response: PLATFORM_TOPICS.propertyPostReply,
    reply: propertyPostReply,
  },
]

/** Answers what devices ask of the platform itself. Returns what ends it. */
export function answerDevices(parts: { broker: Broker; publisher: Publisher; clock: () => TimeMs }): () => void {
  const { broker, publisher, clock } = parts
  const untaps = answers.map(({ request, response, reply }) =>
    broker.tap(request.template.replace('{pk}/{dn}', '+/+'), ({ topic, payload, qos, from }: ReceivedMessage) => {
      // An application may publish on a device's topic; the device would get an answer to a question it never asked.
      if (from.kind !== 'device' || topic !== request.build(from)) return
      const text = reply(payload, clock)
      if (text !== undefined) publisher.publish(response.build(from), text, qos === 0 ? 0 : 1)
    }),
  )
  return () => {
    for (const untap of untaps) untap()
  }
}
