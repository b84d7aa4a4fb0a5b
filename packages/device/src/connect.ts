import { type ConnectCredentials, secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import type { IClientOptions, MqttClient, OnMessageCallback } from 'mqtt'
import type { Credentials } from './credentials.ts'
import { LoginRefused } from './errors.ts'
import { type Endpoint, isTls, openClient, type PacketListener } from './open-client.ts'

/** Any MQTT.js option may be given beside these. */
export interface SessionOptions
  extends Endpoint,
    Omit<IClientOptions, 'clientId' | 'username' | 'password' | 'ca' | 'rejectUnauthorized'> {
  /** Limit of the first connection; default 15,000 ms. */
  timeoutMs?: number
  signal?: AbortSignal
  onPacket?: PacketListener
  /** What waited for the device comes right behind CONNACK: a listener that is added to the client later misses it. */
  onMessage?: OnMessageCallback
}

export interface ConnectOptions extends SessionOptions {
  credentials: Credentials
}

const TIMEOUT_MS = 15_000
const KEEP_ALIVE_SECONDS = 60
// Spread, so that devices that lost a server together do not come back together.
const RECONNECT_BASE_MS = 2000
const RECONNECT_SPREAD_MS = 3000

/**
 * Logs in with saved credentials and resolves with the MQTT.js client after CONNACK 0; from then on the client
 * reconnects by itself. Rejects with LoginRefused or ConnectionFailed, leaving nothing open.
 */
export function connectDevice({ credentials, ...session }: ConnectOptions): Promise<MqttClient> {
  return connectAs({ ...session, ...loginOf(credentials, isTls(session.url)) })
}

/** The same with the three fields of CONNECT given as they are to be sent: for application clients, and for tests. */
export async function connectAs(options: SessionOptions & ConnectCredentials): Promise<MqttClient> {
  const { url, ca, rejectUnauthorized, timeoutMs, signal, onPacket, onMessage, ...rest } = options
  const { clientId, userName, password, ...mqtt } = rest
  isTls(url) // throws for a scheme that is not MQTT's
  return openClient<MqttClient>(
    {
      endpoint: {
        url,
        ...(ca === undefined ? {} : { ca }),
        ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      },
      mqtt: {
        protocolVersion: 4,
        keepalive: KEEP_ALIVE_SECONDS,
        reconnectPeriod: RECONNECT_BASE_MS + Math.random() * RECONNECT_SPREAD_MS,
        ...mqtt,
        ...{ clientId, username: userName, password },
      },
      timeoutMs: timeoutMs ?? TIMEOUT_MS,
      refused: code => new LoginRefused(code),
      signal,
      onPacket,
    },
    (client, resolve) => {
      if (onMessage !== undefined) client.on('message', onMessage)
      client.once('connect', () => {
        // A refusal that meets a later reconnect may be over in a moment (the server restarts): go on trying.
        client.options.reconnectOnConnackError = true
        resolve(client)
      })
    },
  )
}

function loginOf(credentials: Credentials, tls: boolean): ConnectCredentials {
  if (credentials.mode === 'regnwl') return tokenLoginConnect(credentials)
  return secretLoginConnect({ ...credentials, secureMode: tls ? 2 : 3 })
}
