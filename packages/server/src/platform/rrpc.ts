import { randomInt } from 'node:crypto'
import { type DeviceIdentity, rrpcRequestTopic, rrpcResponseTopic } from '@hatchway/protocol'
import type { Broker, ReceivedMessage } from '../broker/port.ts'

/** LinkKit protocol: a device has so long to answer. */
export const RRPC_TIMEOUT_MS = 8000
const DEFAULT_MAX_WAITING = 1000
/** Ids are whole numbers for devices that read them as such. */
const MAX_MESSAGE_ID = 2 ** 48 - 1

export interface RrpcRequest extends DeviceIdentity {
  payload: Uint8Array
  /** Carried by `/ext/rrpc/{messageId}/`, as it is; without it the system's own topics are used. */
  topic?: string
  timeoutMs?: number
}

export type RrpcAnswer =
  | { ok: true; payload: Buffer; elapsedMs: number }
  /** `not-subscribed`: nobody would have got the request. */
  | { ok: false; reason: 'device-offline' | 'not-subscribed' | 'device-response-timeout' | 'overloaded' }

/** Requests to devices that wait for the answer. */
export interface Rrpc {
  /** @throws StoreUnavailable, RangeError as `Broker.publish` does */
  call(request: RrpcRequest): Promise<RrpcAnswer>
  /** Requests that wait end without an answer. */
  close(): void
}

export interface RrpcParts {
  broker: Pick<Broker, 'connected' | 'publish' | 'tap'>
  maxWaiting?: number
}

export const rrpcCarryingTopic = (messageId: string, topic: string): string => `/ext/rrpc/${messageId}/${topic}`

export function createRrpc({ broker, maxWaiting = DEFAULT_MAX_WAITING }: RrpcParts): Rrpc {
  /** By the topic of the answer, which holds an id of its own. */
  const waiting = new Map<string, { sessionId: string; settle: (payload: Buffer | undefined) => void }>()
  const hear = ({ topic, payload, from }: ReceivedMessage): void => {
    const call = waiting.get(topic)
    // The request comes back to the tap where an application publishes it; only the device itself answers.
    if (call !== undefined && from.kind === 'device' && from.sessionId === call.sessionId) {
      call.settle(Buffer.from(payload)) // what is told is a view
    }
  }
  const untaps = ['/sys/+/+/rrpc/response/+', '/ext/rrpc/#'].map(filter => broker.tap(filter, hear))

  return {
    async call({ productKey, deviceName, payload, topic, timeoutMs = RRPC_TIMEOUT_MS }) {
      const sessionId = `${productKey}/${deviceName}`
      if (broker.connected(sessionId) === undefined) return { ok: false, reason: 'device-offline' }
      if (waiting.size >= maxWaiting) return { ok: false, reason: 'overloaded' }
      const messageId = String(randomInt(1, MAX_MESSAGE_ID))
      const device = { productKey, deviceName }
      const carrying = topic === undefined ? undefined : rrpcCarryingTopic(messageId, topic)
      const answerTopic = carrying ?? rrpcResponseTopic(device, messageId)
      const { promise, resolve } = Promise.withResolvers<Buffer | undefined>()
      const timer = setTimeout(resolve, timeoutMs, undefined)
      const startedAt = performance.now()
      waiting.set(answerTopic, { sessionId, settle: resolve })
      try {
        // QoS 0: a request that waits for a device which comes back would be answered to nobody.
        const request = { topic: carrying ?? rrpcRequestTopic(device, messageId), payload, qos: 0 as const }
        const { subscribers } = await broker.publish(request)
        if (subscribers === 0) return { ok: false, reason: 'not-subscribed' }
        const answer = await promise
        if (answer === undefined) return { ok: false, reason: 'device-response-timeout' }
        return { ok: true, payload: answer, elapsedMs: Math.round(performance.now() - startedAt) }
      } finally {
        clearTimeout(timer)
        waiting.delete(answerTopic)
      }
    },
    close() {
      for (const untap of untaps) untap()
      for (const { settle } of waiting.values()) settle(undefined)
    },
  }
}
