import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leashed } from '../../scripts/leashed.ts'
import { eventually } from './hatchway.ts'

/** A broker of somebody else's, with a folder of its own and its configuration in a file. */
export class BrokerProcess {
  readonly folder: string
  readonly port: number
  readonly #command: readonly string[]
  #process: ChildProcess | undefined
  #output = ''

  /** `command` gets the configuration file as its last argument. */
  constructor(name: string, port: number, options: { command: readonly string[]; config: (folder: string) => string }) {
    this.port = port
    this.folder = mkdtempSync(join(tmpdir(), `hatchway-${name}-`))
    const file = join(this.folder, 'broker.conf')
    writeFileSync(file, options.config(this.folder))
    this.#command = [...options.command, file]
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    const [program = '', ...args] = this.#command
    const child = spawn(...leashed(program, args), { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        this.#output = `${this.#output}${chunk}`.slice(-20_000)
      })
    }
    child.once('error', error => {
      this.#output += String(error)
    })
    await eventually(async () => {
      if (child.exitCode !== null || child.pid === undefined) throw new Error(`${program} ended: ${this.#output}`)
      return takesConnections(this.port)
    })
  }

  /** What it said last. */
  get output(): string {
    return this.#output
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }

  async close(): Promise<void> {
    await this.stop('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
