import { deviceMayPublish } from '@hatchway/protocol'
import { Type } from 'typebox'
import type { Api, HttpParts } from './parts.ts'
import { deviceNotFound, Problem } from './problem.ts'
import { boundedText, DevicePath, keyedProblems, nullable, oneOf } from './schemas.ts'

const MAX_TOPIC_LENGTH = 65_535
/** Room for topic, names and punctuation beside the payload. */
const ENVELOPE_BYTES = 131_072

const Message = Type.Object(
  {
    topic: boundedText('One of the device’s own topics, such as /{pk}/{dn}/user/get', MAX_TOPIC_LENGTH),
    payload: Type.String({ description: 'The message, written as encoding says' }),
    encoding: Type.Optional(oneOf(['utf8', 'base64'], 'How payload is written; without it utf8')),
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

export function messageRoutes(api: Api, { registry, broker, settings }: HttpParts): void {
  const topicLimits = { maxBytes: settings.maxTopicBytes, maxSlashes: settings.maxTopicSlashes }
  api.post(
    '/products/:pk/devices/:dn/messages',
    {
      config: { access: 'send' },
      // Base64 makes four characters of three bytes.
      bodyLimit: Math.max(settings.maxBodyBytes, Math.ceil((settings.maxPayloadBytes * 4) / 3) + ENVELOPE_BYTES),
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
      const { topic, encoding = 'utf8', qos = 0 } = request.body
      const payload = payloadOf(request.body.payload, encoding)
      if (payload.length > settings.maxPayloadBytes) throw payloadTooLarge(payload.length, settings.maxPayloadBytes)
      if ((await registry.device(productKey, deviceName)) === undefined) throw deviceNotFound()
      if (!deviceMayPublish({ productKey, deviceName }, topic, topicLimits)) throw topicNotOwn(productKey, deviceName)
      // The schema bounds qos to these three.
      return broker.publish({ topic, payload, qos: qos as 0 | 1 | 2 })
    },
  )
}

function payloadOf(payload: string, encoding: 'utf8' | 'base64'): Buffer {
  if (encoding === 'utf8') return Buffer.from(payload, 'utf8')
  if (payload.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(payload)) return Buffer.from(payload, 'base64')
  throw new Problem('field-invalid', {
    field: 'payload',
    detail: 'payload is not base64.',
    fix: 'Give base64 with padding and without line ends, or leave encoding out and give text.',
  })
}

const payloadTooLarge = (sizeBytes: number, maxBytes: number): Problem =>
  new Problem('field-invalid', {
    field: 'payload',
    detail: `payload has ${sizeBytes} bytes.`,
    fix: `Give at most ${maxBytes} bytes.`,
  })

const topicNotOwn = (productKey: string, deviceName: string): Problem =>
  new Problem('field-invalid', {
    field: 'topic',
    detail: 'topic is not one of this device’s own topics, has a wildcard, or is too long or too deep.',
    fix: `Give a topic such as /${productKey}/${deviceName}/user/get or below /sys/${productKey}/${deviceName}/.`,
  })
