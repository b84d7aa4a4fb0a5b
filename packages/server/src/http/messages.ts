import { deviceMayPublish } from '@hatchway/protocol'
import { Type } from 'typebox'
import { noteMessage } from './noted-message.ts'
import type { Api, HttpParts } from './parts.ts'
import { PAYLOAD_FIELDS, payloadBodyLimit, payloadOf } from './payload.ts'
import { deviceNotFound, Problem } from './problem.ts'
import { boundedText, DevicePath, keyedProblems, nullable } from './schemas.ts'

const MAX_TOPIC_LENGTH = 65_535
const Message = Type.Object(
  {
    topic: boundedText('One of the device’s own topics, such as /{pk}/{dn}/user/get', MAX_TOPIC_LENGTH),
    ...PAYLOAD_FIELDS,
    qos: Type.Optional(Type.Integer({ description: 'MQTT quality of service; without it 0', minimum: 0, maximum: 2 })),
  },
  { additionalProperties: false },
)

const Sent = Type.Object(
  {
    subscribers: nullable.integer(
      'How many sessions it went to; 0 = the device has none, neither live nor kept; null = an MQTT cluster took it and does not tell',
    ),
  },
  { description: 'The server owns the message' },
)

export function messageRoutes(api: Api, parts: HttpParts): void {
  const { registry, broker, settings } = parts
  const topicLimits = { maxBytes: settings.maxTopicBytes, maxSlashes: settings.maxTopicSlashes }
  api.post(
    '/products/:pk/devices/:dn/messages',
    {
      config: { access: 'send' },
      bodyLimit: payloadBodyLimit(settings),
      schema: {
        operationId: 'sendMessage',
        summary: 'Publish a message to one device',
        tags: ['devices'],
        params: DevicePath,
        body: Message,
        response: { 200: Sent, ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async request => {
      const { pk: productKey, dn: deviceName } = request.params
      const { topic, qos = 0 } = request.body
      const payload = payloadOf(request.body, settings)
      if ((await registry.device(productKey, deviceName)) === undefined) throw deviceNotFound()
      if (!deviceMayPublish({ productKey, deviceName }, topic, topicLimits)) throw topicNotOwn(productKey, deviceName)
      const after = { topic, qos, sizeBytes: payload.length }
      await noteMessage(parts, request, { action: 'device.send-message', productKey, deviceName, after })
      // The schema bounds qos to these three.
      return broker.publish({ topic, payload, qos: qos as 0 | 1 | 2 })
    },
  )
}

export const topicNotOwn = (productKey: string, deviceName: string): Problem =>
  new Problem('field-invalid', {
    field: 'topic',
    detail: 'topic is not one of this device’s own topics, has a wildcard, or is too long or too deep.',
    fix: `Give a topic such as /${productKey}/${deviceName}/user/get or below /sys/${productKey}/${deviceName}/.`,
  })
