import { setTimeout as delay } from 'node:timers/promises'
import type { Credentials, connectAs } from '@hatchway/device'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../io.ts'
import type { Teller } from './teller.ts'

export type MqttConnection = Awaited<ReturnType<typeof connectAs>>

/** What every step of the demo needs. */
export interface Stage {
  api: ApiClient
  teller: Teller
  /** The same port, once by TLS and once by plain TCP. */
  tlsUrl: string
  tcpUrl: string
  ca: string
  signal: AbortSignal
  /** Closed when the demo ends. */
  connections: MqttConnection[]
}

export interface DemoProduct {
  productKey: string
  productSecret: string
}

export interface OnlineDevice {
  deviceName: string
  credentials: Credentials
  connection: MqttConnection
}

const MESSAGE_TIMEOUT_MS = 10_000

/** The next message on a topic. Ask before what triggers it. */
export function nextMessage(connection: MqttConnection, topic: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stopListening = (): void => {
      clearTimeout(timer)
      connection.off('message', onMessage)
    }
    const onMessage = (received: string, payload: Buffer): void => {
      if (received !== topic) return
      stopListening()
      resolve(payload.toString())
    }
    const timer = setTimeout(() => {
      stopListening()
      reject(new CliError(`nothing came on ${topic} within ${MESSAGE_TIMEOUT_MS} ms.`))
    }, MESSAGE_TIMEOUT_MS)
    connection.on('message', onMessage)
  })
}

const LOOK_LIMIT_MS = 5000
const LOOK_AGAIN_MS = 50

/** Looks until there is something to see: presence and journal reach the database in batches. Undefined after 5 s. */
export async function eventually<Result>(look: () => Promise<Result | undefined>): Promise<Result | undefined> {
  const endsAt = performance.now() + LOOK_LIMIT_MS
  for (;;) {
    const found = await look()
    if (found !== undefined || performance.now() > endsAt) return found
    await delay(LOOK_AGAIN_MS)
  }
}
