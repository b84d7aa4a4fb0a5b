import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, loadConfig, type RunningServer, startServer } from '../../packages/server/src/app/index.ts'
import type { Endpoint } from './mqtt-connection.ts'

export const ADMIN_TOKEN = 'end-to-end-admin-token'

export interface Reply {
  status: number
  // Replies are checked field by field in the tests; their schemas are checked beside the HTTP room.
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test asserts
  body: any
}

export interface Product {
  productKey: string
  productSecret: string
}

/** The whole server in this process, on free ports and in a folder of its own. */
export class Hatchway {
  readonly server: RunningServer
  readonly dataDir: string
  readonly endpoint: Endpoint
  readonly http: string

  private constructor(server: RunningServer, dataDir: string) {
    this.server = server
    this.dataDir = dataDir
    this.endpoint = { port: server.mqtt[0]?.port ?? 0, ca: readFileSync(server.caFile, 'utf8') }
    this.http = server.http
  }

  static async start(flags: Record<string, unknown> = {}): Promise<Hatchway> {
    const dataDir = mkdtempSync(join(tmpdir(), 'hatchway-test-'))
    const defaults = {
      dataDir,
      mqttPort: '0',
      httpPort: '0',
      mqttHost: '127.0.0.1',
      adminToken: ADMIN_TOKEN,
      logLevel: 'silent',
    }
    const config = loadConfig({ flags: { ...defaults, ...flags }, env: {}, cwd: dataDir })
    return new Hatchway(await startServer(config, { log: createLog(config.logLevel) }), dataDir)
  }

  async api(method: string, route: string, body?: unknown, token = ADMIN_TOKEN): Promise<Reply> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
    const response = await fetch(`${this.http}/api/v1${route}`, { ...init, signal: AbortSignal.timeout(20_000) })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }

  async createProduct(settings: Record<string, unknown> = {}): Promise<Product> {
    const all = { name: 'test', dynamicRegistration: true, preregistrationFree: true, ...settings }
    const { status, body } = await this.api('POST', '/products', all)
    if (status !== 201) throw new Error(`product: ${status} ${JSON.stringify(body)}`)
    return body as Product
  }

  async createDevice(productKey: string, deviceName: string, deviceSecret?: string): Promise<void> {
    const device = deviceSecret === undefined ? { deviceName } : { deviceName, deviceSecret }
    const { status, body } = await this.api('POST', `/products/${productKey}/devices`, device)
    if (status !== 201) throw new Error(`device: ${status} ${JSON.stringify(body)}`)
  }

  async device(productKey: string, deviceName: string): Promise<Reply['body']> {
    return (await this.api('GET', `/products/${productKey}/devices/${encodeURIComponent(deviceName)}`)).body
  }

  /** The newest journal entry that matches, once it is there: entries are written in batches. */
  async journalEntry(
    query: Record<string, string>,
    matches: (entry: Reply['body']) => boolean = () => true,
  ): Promise<Reply['body']> {
    const route = `/journal?${new URLSearchParams({ limit: '50', ...query })}`
    return eventually(async () => (await this.api('GET', route)).body.items.find(matches))
  }

  async close(): Promise<void> {
    await this.server.stop()
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

const POLL_MS = 20

/** Asks again until there is an answer; for facts that the server may tell a moment later. */
export async function eventually<Value>(
  ask: () => Promise<Value | undefined | false>,
  timeoutMs = 20_000,
): Promise<Value> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (Date.now() > deadline) throw new Error(`did not come true within ${timeoutMs} ms: ${ask}`)
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}
