import { parseJsonObject } from './json-object.ts'
import type { DeviceIdentity } from './names.ts'

/** Longest request that is parsed for its answer; the platform's own devices stay far below. */
export const MAX_REQUEST_BYTES = 256 * 1024

/** Local times of status messages are China Standard Time unless told otherwise, as on the original platform. */
export const DEFAULT_UTC_OFFSET_MINUTES = 480

const parseRequest = (payload: Uint8Array | string) =>
  payload.length > MAX_REQUEST_BYTES ? undefined : parseJsonObject(payload)

/**
 * Answer to `{"deviceSendTime":…}` on the clock request topic. The times are numbers or strings, as deviceSendTime is,
 * which comes back unchanged. Undefined if the request holds no such field: there is nothing to answer.
 */
export const clockReply = (request: Uint8Array | string, recvMs: number, sendMs: number): string | undefined => {
  const deviceSendTime = parseRequest(request)?.['deviceSendTime']
  if (typeof deviceSendTime === 'number') {
    return JSON.stringify({ deviceSendTime, serverRecvTime: recvMs, serverSendTime: sendMs })
  }
  if (typeof deviceSendTime !== 'string') return undefined
  return JSON.stringify({ deviceSendTime, serverRecvTime: String(recvMs), serverSendTime: String(sendMs) })
}

/** Answer to a post of an event, `property` included: the request's id comes back as it was. Undefined if it has none. */
export const eventPostReply = (event: string, request: Uint8Array | string): string | undefined => {
  const id = parseRequest(request)?.['id']
  if (typeof id !== 'string' && typeof id !== 'number') return undefined
  const method = `thing.event.${event}.post`
  return JSON.stringify({ code: 200, data: {}, id, message: 'success', method, version: '1.0' })
}

export interface StatusInput extends DeviceIdentity {
  readonly status: 'online' | 'offline'
  /** When the message is made, milliseconds since 1970. */
  readonly atMs: number
  /** When the device last spoke, milliseconds since 1970; receivers order by it. */
  readonly lastAtMs: number
  readonly clientIp: string
  readonly utcOffsetMinutes?: number
}

const localTime = (ms: number, utcOffsetMinutes: number): string =>
  new Date(ms + utcOffsetMinutes * 60_000).toISOString().replace('T', ' ').slice(0, -1)

/** Payload of the status topic: `time` like `2018-08-31 15:32:28.205`, `utcTime` in ISO 8601. */
export const statusMessage = (input: StatusInput): string => {
  const { status, productKey, deviceName, atMs, lastAtMs, clientIp } = input
  const offset = input.utcOffsetMinutes ?? DEFAULT_UTC_OFFSET_MINUTES
  return JSON.stringify({
    status,
    productKey,
    deviceName,
    time: localTime(atMs, offset),
    utcTime: new Date(atMs).toISOString(),
    lastTime: localTime(lastAtMs, offset),
    utcLastTime: new Date(lastAtMs).toISOString(),
    clientIp,
  })
}

export interface LifecycleInput extends DeviceIdentity {
  readonly action: 'create' | 'delete' | 'enable' | 'disable'
  /** Milliseconds since 1970. */
  readonly messageCreateTime: number
}

/** Payload of the lifecycle topic. */
export const lifecycleMessage = ({ action, productKey, deviceName, messageCreateTime }: LifecycleInput): string =>
  JSON.stringify({ action, productKey, deviceName, messageCreateTime })
