import type { PassingMessage, Presence } from '../broker/port.ts'
import type { EventStream } from './event-stream.ts'
import type { OpenStreams } from './open-streams.ts'
import type { Api, HttpParts } from './parts.ts'
import { deviceNotFound } from './problem.ts'
import { DevicePath, iso, keyedProblems, text } from './schemas.ts'

/** What is shown of a payload. */
export const MAX_SHOWN_BYTES = 4096
/** Messages that one listener is told of in a second; further ones are counted. */
export const MAX_SHOWN_PER_SECOND = 50
const SECOND_MS = 1000

type LiveParts = Pick<HttpParts, 'broker' | 'registry' | 'clock'>

export function liveMessageRoutes(api: Api, { broker, registry, clock }: LiveParts, streams: OpenStreams): void {
  api.get(
    '/products/:pk/devices/:dn/messages',
    {
      config: { access: 'observe' },
      exposeHeadRoute: false,
      schema: {
        operationId: 'followMessages',
        summary: 'Live messages from and to one device that is connected at this gateway',
        description:
          'Server-Sent Events. `watching`, first and when the device comes or goes, carries connected, at and address. ' +
          '`message` carries at, direction (up: from the device), topic, qos, retain, payload (base64, the first ' +
          `${MAX_SHOWN_BYTES} bytes), size in bytes and whether it was cut. Of more than ${MAX_SHOWN_PER_SECOND} messages a second the rest ` +
          'is left out, and `skipped` carries their count.',
        tags: ['devices'],
        params: DevicePath,
        response: {
          200: { description: 'The stream', content: { 'text/event-stream': { schema: text('Server-Sent Events') } } },
          ...keyedProblems(404),
        },
      },
    },
    async (request, reply) => {
      const { pk: productKey, dn: deviceName } = request.params
      if ((await registry.device(productKey, deviceName)) === undefined) throw deviceNotFound()
      const stops: (() => void)[] = []
      const stream = streams.open(request, reply, () => {
        for (const stop of stops) stop()
      })
      stops.push(...follow({ broker, clock }, `${productKey}/${deviceName}`, stream))
    },
  )
}

function follow({ broker, clock }: Omit<LiveParts, 'registry'>, sessionId: string, stream: EventStream) {
  const told = new Allowance(stream)
  const tell = (connected: boolean, address: string | null, atMs: number): void =>
    stream.send({ event: 'watching', data: JSON.stringify({ connected, at: iso(atMs), address }) })
  tell(broker.connected(sessionId) !== undefined, null, clock())
  return [
    broker.watch(sessionId, message => {
      if (told.take()) stream.send({ event: 'message', data: messageData(message, clock()) })
    }),
    broker.onPresence(({ identity, online, address, takenOver, at }: Presence) => {
      if (identity.sessionId === sessionId && !takenOver) tell(online, address, at)
    }),
    () => told.close(),
  ]
}

const messageData = ({ direction, topic, payload, qos, retain }: PassingMessage, atMs: number): string =>
  JSON.stringify({
    ...{ at: iso(atMs), direction, topic, qos, retain, size: payload.length, cut: payload.length > MAX_SHOWN_BYTES },
    payload: Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.length, MAX_SHOWN_BYTES)).toString(
      'base64',
    ),
  })

/** So many a second; of the rest it tells the number when the second is over. It runs no timer while nothing comes. */
class Allowance {
  readonly #stream: EventStream
  #used = 0
  #skipped = 0
  #timer: NodeJS.Timeout | undefined

  constructor(stream: EventStream) {
    this.#stream = stream
  }

  take(): boolean {
    this.#timer ??= setTimeout(() => this.#renew(), SECOND_MS)
    if (this.#used < MAX_SHOWN_PER_SECOND) {
      this.#used++
      return true
    }
    this.#skipped++
    return false
  }

  #renew(): void {
    if (this.#skipped > 0) this.#stream.send({ event: 'skipped', data: JSON.stringify({ count: this.#skipped }) })
    this.close()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#used = 0
    this.#skipped = 0
  }
}
