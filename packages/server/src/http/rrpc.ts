import { deviceMayPublish } from '@hatchway/protocol'
import { Type } from 'typebox'
import { RRPC_TIMEOUT_MS, rrpcCarryingTopic } from '../platform/rrpc.ts'
import { topicNotOwn } from './messages.ts'
import { noteMessage } from './noted-message.ts'
import type { Api, HttpParts } from './parts.ts'
import { PAYLOAD_FIELDS, payloadBodyLimit, payloadOf } from './payload.ts'
import { deviceNotFound, Problem } from './problem.ts'
import { boundedText, count, DevicePath, keyedProblems, oneOf, text, wholeNumber } from './schemas.ts'

const MAX_TIMEOUT_MS = 20_000
const MAX_TOPIC_LENGTH = 1000
/** For judging a topic: one of any id is as good as another. */
const SOME_ID = '1'

const Request = Type.Object(
  {
    ...PAYLOAD_FIELDS,
    topic: Type.Optional(
      boundedText('Carried by /ext/rrpc/{messageId}/; without it the system’s own topics are used', MAX_TOPIC_LENGTH),
    ),
    timeoutMs: Type.Optional(
      wholeNumber(`How long the device may take; without it ${RRPC_TIMEOUT_MS}`, 100, MAX_TIMEOUT_MS),
    ),
  },
  { additionalProperties: false },
)

const Answer = Type.Object(
  {
    payload: text('What the device answered, written as encoding says'),
    encoding: oneOf(['utf8', 'base64'], 'base64 where it is no text'),
    elapsedMs: count('How long it took'),
  },
  { description: 'The device’s answer' },
)

/** Requests to devices that are answered over HTTP. */
export function rrpcRoutes(api: Api, parts: HttpParts): void {
  const { registry, rrpc, settings } = parts
  const topicLimits = { maxBytes: settings.maxTopicBytes, maxSlashes: settings.maxTopicSlashes }
  api.post(
    '/products/:pk/devices/:dn/rrpc',
    {
      config: { access: 'send' },
      bodyLimit: payloadBodyLimit(settings),
      schema: {
        operationId: 'callDevice',
        summary: 'Send a request to a device and wait for its answer (RRPC)',
        tags: ['devices'],
        params: DevicePath,
        body: Request,
        response: { 200: Answer, ...keyedProblems(404, 409, 413, 415, 422, 504) },
      },
    },
    async request => {
      const { pk: productKey, dn: deviceName } = request.params
      const { topic, timeoutMs } = request.body
      const payload = payloadOf(request.body, settings)
      const device = { productKey, deviceName }
      if ((await registry.device(productKey, deviceName)) === undefined) throw deviceNotFound()
      if (topic !== undefined && !deviceMayPublish(device, rrpcCarryingTopic(SOME_ID, topic), topicLimits)) {
        throw topicNotOwn(productKey, deviceName)
      }
      const after = { ...(topic === undefined ? {} : { topic }), sizeBytes: payload.length }
      await noteMessage(parts, request, { action: 'device.call', ...device, after })
      const answer = await rrpc.call({
        ...{ productKey, deviceName, payload },
        ...(topic === undefined ? {} : { topic }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })
      if (answer.ok) return { ...written(answer.payload), elapsedMs: answer.elapsedMs }
      if (answer.reason === 'device-offline') throw await offline(registry, device)
      if (answer.reason === 'not-subscribed') throw notSubscribed(device, topic)
      throw new Problem(answer.reason)
    },
  )
}

function written(payload: Buffer): { payload: string; encoding: 'utf8' | 'base64' } {
  const utf8 = payload.toString('utf8')
  if (Buffer.from(utf8, 'utf8').equals(payload)) return { payload: utf8, encoding: 'utf8' }
  return { payload: payload.toString('base64'), encoding: 'base64' }
}

interface Device {
  productKey: string
  deviceName: string
}

async function offline({ store }: HttpParts['registry'], { productKey, deviceName }: Device): Promise<Problem> {
  if ((await store.deviceView(productKey, deviceName))?.status !== 'ONLINE') return new Problem('device-offline')
  return new Problem('device-offline', {
    detail: 'The device is connected at another gateway of this registry.',
    fix: 'Send the request to that gateway.',
  })
}

const notSubscribed = ({ productKey, deviceName }: Device, topic: string | undefined): Problem =>
  new Problem('device-response-timeout', {
    detail: 'The device is connected, and does not subscribe to the request’s topic.',
    fix: `Let it subscribe to ${
      topic === undefined ? `/sys/${productKey}/${deviceName}/rrpc/request/+` : rrpcCarryingTopic('+', topic)
    }.`,
  })
