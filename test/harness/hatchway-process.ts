import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { leashed } from '../../scripts/leashed.ts'
import { ADMIN_TOKEN } from './hatchway.ts'
import type { Endpoint } from './mqtt-connection.ts'

export const BIN = fileURLToPath(new URL('../../packages/server/bin/hatchway.js', import.meta.url))

const LOG_LENGTH = 40_000

/** `hatchway serve` as a process of its own, for tests of signals, crashes and exit codes. */
export class HatchwayProcess {
  readonly process: ChildProcess
  readonly endpoint: Endpoint
  readonly http: string
  /** The last lines of its log. */
  readonly log: () => string

  private constructor(process: ChildProcess, endpoint: Endpoint, http: string, log: () => string) {
    this.process = process
    this.endpoint = endpoint
    this.http = http
    this.log = log
  }

  static async start(
    dataDir: string,
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    { openFiles }: { openFiles?: number } = {},
  ): Promise<HatchwayProcess> {
    const command = [process.execPath, BIN, 'serve', '--json', ...freePorts(dataDir), ...args]
    const limited = ['sh', '-c', 'ulimit -n "$0" && exec "$@"', String(openFiles), ...command]
    const [program = '', ...programArgs] = openFiles === undefined ? command : limited
    const child = spawn(...leashed(program, programArgs), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...withoutHatchway(), ...env },
    })
    let complaints = ''
    child.stderr.on('data', chunk => {
      complaints = `${complaints}${chunk}`.slice(-LOG_LENGTH)
    })
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('{"event":"ready"')) continue
      const ready = JSON.parse(line) as { mqtt: string[]; http: string; ca: string }
      child.stdout.resume()
      const endpoint = { port: Number(new URL(ready.mqtt[0] ?? '').port), ca: readFileSync(ready.ca, 'utf8') }
      return new HatchwayProcess(child, endpoint, ready.http, () => complaints)
    }
    throw new Error(`hatchway serve ended before it was ready: ${complaints}`)
  }

  /** Asks the API as the administrator; throws where it refuses. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test asserts
  async api(method: 'GET' | 'POST', route: string, body?: unknown): Promise<any> {
    const headers: Record<string, string> = { authorization: `Bearer ${ADMIN_TOKEN}` }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
    const response = await fetch(`${this.http}/api/v1${route}`, { ...init, signal: AbortSignal.timeout(20_000) })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  /** Sends a signal and waits for the end: exit code, or the signal's name. */
  async end(signal: NodeJS.Signals): Promise<number | string | null> {
    const gone =
      this.process.exitCode === null && this.process.signalCode === null ? once(this.process, 'exit') : undefined
    this.process.kill(signal)
    await gone
    return this.process.exitCode ?? this.process.signalCode
  }
}

export function freePorts(dataDir: string): string[] {
  const ports = ['--mqtt-port', '0', '--mqtt-host', '127.0.0.1', '--http-port', '0']
  return ['--data-dir', dataDir, '--admin-token', ADMIN_TOKEN, '--log-level', 'warn', ...ports]
}

/** The environment without settings of whoever runs the tests. */
export function withoutHatchway(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HATCHWAY_')))
}
