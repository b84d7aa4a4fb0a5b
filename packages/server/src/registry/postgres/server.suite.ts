import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { leashed } from '../../../../../scripts/leashed.ts'
import { postgresPrograms } from '../../../../../scripts/postgres-programs.ts'

const USER = 'hatchway'
export const PASSWORD = 'p%40ss%2Fw%3Ard'
const START_TIMEOUT_MS = 30_000
const NOT_DURABLE = ['fsync=off', 'full_page_writes=off']
const SETTINGS = ['max_connections=60', 'shared_buffers=32MB', 'deadlock_timeout=200ms']

/** A PostgreSQL server of its own on 127.0.0.1, in a folder that is gone afterwards. It can be stopped and started. */
export class PostgresServer {
  readonly port: number
  readonly #folder: string
  readonly #bin: string
  readonly #settings: readonly string[]
  #process: ChildProcess | undefined
  #databases = 0

  private constructor(place: { folder: string; bin: string; port: number; settings: readonly string[] }) {
    this.#folder = place.folder
    this.#bin = place.bin
    this.port = place.port
    this.#settings = place.settings
  }

  /** What is not `durable` is lost with the machine, but not with the server: enough for tests, and quicker. */
  static async create({ durable = false } = {}): Promise<PostgresServer> {
    const bin = postgresPrograms()
    if (bin === undefined) throw new Error('PostgreSQL is not installed (Debian package postgresql)')
    const folder = mkdtempSync(join(tmpdir(), 'hatchway-postgres-'))
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, decodeURIComponent(PASSWORD))
    const owner = ownerOf()
    if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid ?? owner.uid)
    const args = [
      '-D',
      join(folder, 'data'),
      '-U',
      USER,
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '-N',
    ]
    const made = spawnSync(join(bin, 'initdb'), [...args, '--locale=C.UTF-8'], {
      ...owner,
      cwd: folder,
      encoding: 'utf8',
    })
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error ?? ''}`)
    const settings = durable ? SETTINGS : [...NOT_DURABLE, ...SETTINGS]
    const server = new PostgresServer({ folder, bin, port: await freePort(), settings })
    try {
      await server.start()
    } catch (error) {
      await server.remove()
      throw error
    }
    return server
  }

  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error('the server does not run')
    return this.#process.pid
  }

  url(database = 'postgres'): string {
    return `postgres://${USER}:${PASSWORD}@127.0.0.1:${this.port}/${database}`
  }

  async start(): Promise<void> {
    const settings = [...this.#settings, `port=${this.port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=']
    const args = ['-D', join(this.#folder, 'data'), ...settings.flatMap(setting => ['-c', setting])]
    // It tidies up after itself at this signal, without waiting for anybody.
    const command = leashed(join(this.#bin, 'postgres'), args, 'QUIT')
    this.#process = spawn(...command, { ...ownerOf(), cwd: this.#folder, stdio: 'ignore' })
    const dueAt = performance.now() + START_TIMEOUT_MS
    for (;;) {
      try {
        await this.query('SELECT 1')
        return
      } catch (error) {
        if (performance.now() > dueAt || this.#process.exitCode !== null) throw error
        await new Promise(resolve => setTimeout(resolve, 20)) // until it listens
      }
    }
  }

  /** Cuts every connection. `SIGINT` is PostgreSQL's fast shutdown, `SIGQUIT` the one without a good-bye. */
  async stop(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running === undefined || running.exitCode !== null) return
    const gone = once(running, 'exit')
    running.kill(signal)
    await gone
  }

  async remove(): Promise<void> {
    await this.stop('SIGQUIT')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Returns the URL of a new and empty database. */
  async database(): Promise<string> {
    const name = `registry${++this.#databases}`
    await this.query(`CREATE DATABASE ${name}`)
    return this.url(name)
  }

  /** One statement on a connection of its own, as an administrator would run it. */
  async query<Row extends object>(text: string, { url = this.url(), values = [] as unknown[] } = {}): Promise<Row[]> {
    const client = new Client({ connectionString: url })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query<Row>(text, values)).rows
    } finally {
      await client.end()
    }
  }
}

// PostgreSQL refuses to run as root.
function ownerOf(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string): number => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: id('-u'), gid: id('-g') }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
