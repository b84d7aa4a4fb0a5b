import { fileURLToPath } from 'node:url'
import { Child, type ChildOptions, type Core } from './child.ts'
import { SERVER_CORE } from './machine.ts'

const ADMIN_TOKEN = 'bench-admin-token-0123456789'
const IMPORT_ROWS = 5000
/** All of the load comes from one address. */
const CONNECTIONS_PER_ADDRESS = 20_000
const REQUEST_TIMEOUT_MS = 60_000

interface Ready {
  mqtt: readonly string[]
  http: string
  ca: string
}

export interface BenchProduct {
  productKey: string
  productSecret: string
}

/** `hatchway serve` as anyone runs it, on a core of its own unless another is given, with what a benchmark asks of its API. */
export class HatchwayServer {
  readonly child: Child
  readonly port: number
  readonly caFile: string
  readonly http: string

  private constructor(child: Child, ready: Ready) {
    this.child = child
    this.port = Number(new URL(ready.mqtt[0] ?? '').port)
    this.caFile = ready.ca
    this.http = ready.http
  }

  /** `flags` go to `hatchway serve`. */
  static async start(
    dataDir: string,
    { core = SERVER_CORE, ...options }: ChildOptions & { core?: Core } = {},
    flags: readonly string[] = [],
  ): Promise<HatchwayServer> {
    const script = fileURLToPath(new URL('../packages/server/bin/hatchway.js', import.meta.url))
    const places = ['--data-dir', dataDir, '--mqtt-port', '0', '--mqtt-host', '127.0.0.1', '--http-port', '0']
    const rest = ['--admin-token', ADMIN_TOKEN, '--log-level', 'warn']
    const limit = ['--max-connections-per-address', String(CONNECTIONS_PER_ADDRESS), '--connects-per-minute', '0']
    const child = new Child(core, script, ['serve', '--json', ...places, ...rest, ...limit, ...flags], options)
    try {
      return new HatchwayServer(child, await child.message<Ready>())
    } catch (error) {
      await child.stop()
      throw error
    }
  }

  stop(): Promise<void> {
    return this.child.stop()
  }

  async createProduct(settings: Record<string, unknown>): Promise<BenchProduct> {
    const body = JSON.stringify({ name: 'bench', ...settings })
    return (await this.#post('/products', body, 'application/json')) as BenchProduct
  }

  /** Rows `deviceName` or `deviceName,deviceSecret`. */
  async importDevices(productKey: string, rows: readonly string[]): Promise<void> {
    for (let first = 0; first < rows.length; first += IMPORT_ROWS) {
      const batch = rows.slice(first, first + IMPORT_ROWS).join('\n')
      const { failed } = (await this.#post(`/products/${productKey}/imports`, batch, 'text/csv')) as { failed: number }
      if (failed > 0) throw new Error(`${failed} devices could not be imported`)
    }
  }

  async createUser(user: { name: string; password: string; role: 'admin' | 'operator' | 'viewer' }): Promise<void> {
    await this.#post('/users', JSON.stringify(user), 'application/json')
  }

  /** The delay of the event loop since it was asked for last. */
  async eventLoopLag(): Promise<{ p99Ms: number; maxMs: number }> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    const response = await fetch(`${this.http}/metrics`, { headers, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })
    const text = await response.text()
    const lagMs = (percentile: number): number => {
      const seconds = text.match(`nodejs_eventloop_lag_seconds{percentile="${percentile}"} (\\S+)`)?.[1]
      if (seconds === undefined) throw new Error(`GET /metrics: ${response.status}, no delay of the event loop`)
      return Number(seconds) * 1000
    }
    return { p99Ms: lagMs(99), maxMs: lagMs(100) }
  }

  async createApplicationKey(productKey: string): Promise<{ id: string; secret: string }> {
    const body = JSON.stringify({ name: 'bench', role: 'application', products: [productKey] })
    return (await this.#post('/keys', body, 'application/json')) as { id: string; secret: string }
  }

  async #post(route: string, body: string, contentType: string): Promise<unknown> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': contentType }
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    const response = await fetch(`${this.http}/api/v1${route}`, { method: 'POST', headers, body, signal })
    if (!response.ok) throw new Error(`POST ${route}: ${response.status} ${await response.text()}`)
    return response.json()
  }
}
