import { connect, type IClientOptions, type MqttClient, type Packet } from 'mqtt'
import { connectionFailure, place } from './connection-failure.ts'
import { ConnectionFailed, InvalidOption, type Refused } from './errors.ts'

/** Where to connect and whom to trust. */
export interface Endpoint {
  /** `mqtts://host[:port]` or `wss://host[:port]/path`; for logins `mqtt://` and `ws://` as well. */
  url: string
  /** PEM of the CA that signed the server's certificate; without it the runtime's own list counts. */
  ca?: string | Uint8Array
  /** Only for experiments: false takes any certificate. */
  rejectUnauthorized?: boolean
}

/** Sees each packet of a connection, passwords and pushed secrets included: for debugging, not for logs. */
export type PacketListener = (direction: 'sent' | 'received', packet: Packet) => void

const TLS_SCHEMES = ['mqtts:', 'ssl:', 'tls:', 'wss:']
const PLAIN_SCHEMES = ['mqtt:', 'tcp:', 'ws:']

/** Whether the URL's scheme means TLS. Throws InvalidOption for one that is not MQTT's. */
export function isTls(url: string): boolean {
  const scheme = URL.parse(url)?.protocol
  if (scheme === undefined) throw new InvalidOption('url', 'is not a URL; give one such as mqtts://host:1883')
  if (TLS_SCHEMES.includes(scheme)) return true
  if (PLAIN_SCHEMES.includes(scheme)) return false
  throw new InvalidOption('url', `has the scheme ${scheme}//, which MQTT does not use; give mqtts://host:port`)
}

export interface OpenOptions {
  endpoint: Endpoint
  mqtt: IClientOptions
  timeoutMs: number
  refused: (code: number) => Refused
  /** Aborting it ends a wait that is under way. */
  signal?: AbortSignal | undefined
  onPacket?: PacketListener | undefined
}

const HANG_UP_LIMIT_MS = 2000

/**
 * Sends one CONNECT and resolves with the client once `until` has what it waits for. On any failure nothing is left
 * open. Rejects with what `refused` makes of a CONNACK code, or with ConnectionFailed.
 */
export function openClient<Result>(
  options: OpenOptions,
  until: (client: MqttClient, resolve: (result: Result) => void, reject: (error: Error) => void) => void,
): Promise<Result> {
  const { endpoint, timeoutMs, signal, onPacket } = options
  if (signal?.aborted) return Promise.reject(new ConnectionFailed('stopped', { retryable: false }))
  const client = connect(endpoint.url, {
    ...options.mqtt,
    ...(endpoint.ca === undefined ? {} : { ca: asText(endpoint.ca) }),
    ...(endpoint.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: endpoint.rejectUnauthorized }),
    // Later than the time-out here, which has the clearer sentence; it counts for reconnects.
    connectTimeout: timeoutMs + 1000,
    // MQTT.js writes CONNECT while it is constructed, before anybody could listen.
    ...(onPacket === undefined ? {} : { manualConnect: true }),
  })
  if (onPacket !== undefined) {
    client.on('packetsend', packet => onPacket('sent', packet))
    client.on('packetreceive', packet => onPacket('received', packet))
    client.connect()
  }
  // MQTT.js passes on only some of the socket's errors; the others show as a bare close.
  let socketError: Error | undefined
  client.stream.on('error', (error: Error) => {
    socketError = error
  })
  return new Promise<Result>((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer)
      client.off('error', onError)
      client.off('close', onClose)
      signal?.removeEventListener('abort', onAbort)
    }
    const fail = (error: Error): void => {
      settle()
      client.end(true, () => reject(error))
    }
    const onError = (error: Error): void => {
      const code = (error as { code?: unknown }).code
      fail(typeof code === 'number' ? options.refused(code) : connectionFailure(endpoint.url, error))
    }
    const onClose = (): void =>
      fail(
        socketError === undefined
          ? unanswered(endpoint.url, 'it closed the connection without an answer; is this an MQTT port?')
          : connectionFailure(endpoint.url, socketError),
      )
    const onAbort = (): void => fail(new ConnectionFailed('stopped', { retryable: false }))
    const timer = setTimeout(
      () => fail(unanswered(endpoint.url, `no answer within ${timeoutMs} ms; is this an MQTT port?`)),
      timeoutMs,
    )
    client.on('error', onError)
    client.on('close', onClose)
    signal?.addEventListener('abort', onAbort)
    until(
      client,
      result => {
        settle()
        resolve(result)
      },
      fail,
    )
  })
}

/** DISCONNECT and close; a peer that does not close its side is cut off. */
export function hangUp(client: MqttClient): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(() => client.stream.destroy(), HANG_UP_LIMIT_MS)
    client.end(false, () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function unanswered(url: string, problem: string): ConnectionFailed {
  return new ConnectionFailed(`no answer from ${place(url)}: ${problem}`, { retryable: true })
}

function asText(pem: string | Uint8Array): string {
  return typeof pem === 'string' ? pem : new TextDecoder().decode(pem)
}
