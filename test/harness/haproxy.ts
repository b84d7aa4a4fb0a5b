import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { leashed } from '../../scripts/leashed.ts'
import { serverProgram } from '../../scripts/prerequisites.ts'
import { codeBlocks, readDocument } from './documents.ts'
import { eventually } from './hatchway.ts'

/** Where it listens: not where servers under test do, so that ports don't meet. */
export const BALANCER_HOST = '127.0.0.3'

/** A server behind the balancer. */
export interface Balanced {
  mqttPort: number
  /** Base URL of its API. */
  http: string
}

export type HeaderOption = 'send-proxy' | 'send-proxy-v2'

/** HAProxy as docs/operations.md sets it up, on other addresses and ports. */
export class Haproxy {
  readonly port: number
  readonly #process: ChildProcess
  readonly #folder: string

  private constructor(process: ChildProcess, folder: string, port: number) {
    this.#process = process
    this.#folder = folder
    this.port = port
  }

  /** Resolves when it has found all servers ready; they are called `hatchway-1` and so on. */
  static async start(servers: readonly Balanced[], header: HeaderOption): Promise<Haproxy> {
    const folder = mkdtempSync(join(tmpdir(), 'hatchway-haproxy-'))
    const port = await freePort()
    const file = join(folder, 'haproxy.cfg')
    const own = `global\n    maxconn 200\n    stats socket ${join(folder, 'stats')}\n\n`
    writeFileSync(file, own + documentedSetup(servers, header, port))
    const child = spawn(...leashed(serverProgram('haproxy', '-v') ?? 'haproxy', ['-db', '-f', file]), {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let complaints = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (complaints += chunk))
    const balancer = new Haproxy(child, folder, port)
    try {
      await eventually(async () => {
        if (child.exitCode !== null) throw new Error(`haproxy ended: ${complaints}`)
        const states = await balancer.states().catch(() => undefined)
        return states?.size === servers.length && [...states.values()].every(state => state === 'UP L7OK')
      })
      return balancer
    } catch (error) {
      await balancer.close()
      throw error
    }
  }

  /** State of each server and result of its last check, such as `UP L7OK`. */
  async states(): Promise<Map<string, string>> {
    const socket = connect(join(this.#folder, 'stats'))
    socket.end('show stat\n')
    const [titles = '', ...rows] = (await text(socket)).trim().split('\n')
    const columns = titles.replace('# ', '').split(',')
    const records = rows.map(row => new Map(row.split(',').map((cell, index) => [columns[index], cell])))
    const servers = records.filter(record => record.get('svname')?.startsWith('hatchway-'))
    return new Map(
      servers.map(record => [record.get('svname') ?? '', `${record.get('status')} ${record.get('check_status')}`]),
    )
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = once(this.#process, 'exit')
      this.#process.kill('SIGTERM')
      await gone
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function documentedSetup(servers: readonly Balanced[], header: HeaderOption, port: number): string {
  const block = codeBlocks(readDocument('docs/operations.md')).find(({ language }) => language === 'haproxy')
  const serverLines = servers.map(
    ({ mqttPort, http }, index) =>
      `    server hatchway-${index + 1} 127.0.0.1:${mqttPort} port ${new URL(http).port} inter 100ms\n`,
  )
  const replacements: readonly [what: RegExp, by: string][] = [
    // Else a check may take no longer than the interval, which is a tenth of the documented one here.
    [/timeout connect 5s$/m, 'timeout connect 5s\n    timeout check 5s'],
    [/bind :1883$/m, `bind ${BALANCER_HOST}:${port}`],
    [/^ *bind :8883\n/m, ''],
    [/^ *server hatchway-1 .*\n/m, serverLines.join('')],
    [/send-proxy-v2/, header],
  ]
  return replacements.reduce((setup, [what, by]) => {
    if (!what.test(setup)) throw new Error(`docs/operations.md: the setup of HAProxy has nothing like ${what}`)
    return setup.replace(what, by)
  }, block?.content ?? '')
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, BALANCER_HOST)
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise(resolve => probe.close(resolve))
  return port
}
