import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { leashed } from '../scripts/leashed.ts'

const hasTaskset = spawnSync('taskset', ['-V'], { stdio: 'ignore' }).status === 0
/** As many files as may be opened at most: programs that don't see to that themselves start with 1024. */
const WITH_MOST_FILES = ['sh', '-c', 'ulimit -n "$(ulimit -H -n)" 2>/dev/null; exec "$@"', 'sh'] as const
const STOP_TIMEOUT_MS = 15_000

export interface ChildOptions {
  /** Flags of Node, before the script. */
  nodeArgs?: readonly string[]
  /** Leave its stdin open, for `tell`. */
  listens?: boolean
}

type Stdio = ['pipe' | 'ignore', 'pipe' | 'ignore', 'inherit' | 'ignore']

/** A number: that core alone; `any`: wherever the system puts it. */
export type Core = number | 'any'

/** A program, on one core of its own where that is wanted. */
export class Program {
  readonly process: ChildProcess

  constructor(core: Core, command: readonly string[], stdio: Stdio = ['ignore', 'ignore', 'ignore']) {
    this.process = start(core, command, stdio)
  }

  /** taskset and sh replace themselves by the program, so this is the program's own pid. */
  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the process did not start')
    return this.process.pid
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }

  async stop(): Promise<void> {
    if (this.hasEnded || this.process.pid === undefined) return
    const gone = once(this.process, 'exit')
    this.process.kill('SIGTERM')
    const deadline = setTimeout(() => this.process.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await gone
    clearTimeout(deadline)
  }
}

/** A script of ours, that says by JSON lines on stdout when it is ready or done. */
export class Child extends Program {
  readonly #lines: AsyncIterator<string>

  constructor(core: Core, script: string, args: readonly string[] = [], options: ChildOptions = {}) {
    const { nodeArgs = [], listens = false } = options
    super(core, [process.execPath, ...nodeArgs, script, ...args], [listens ? 'pipe' : 'ignore', 'pipe', 'inherit'])
    if (this.process.stdout === null) throw new Error('stdout is piped')
    this.#lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]()
  }

  /** The next JSON line; rejects when the process ends without one. */
  async message<Message>(): Promise<Message> {
    for (;;) {
      const line = await this.#lines.next()
      if (line.done === true)
        throw new Error(`a process of the benchmark ended early (exit code ${this.process.exitCode})`)
      if (line.value.startsWith('{')) return JSON.parse(line.value) as Message
    }
  }

  tell(line: string): void {
    this.process.stdin?.write(`${line}\n`)
  }
}

function start(core: Core, command: readonly string[], stdio: Stdio): ChildProcess {
  const pinned = hasTaskset && core !== 'any' ? ['taskset', '-c', String(core), ...command] : command
  const [program = '', ...args] = process.platform === 'win32' ? pinned : [...WITH_MOST_FILES, ...pinned]
  const child = spawn(...leashed(program, args), { stdio })
  child.on('error', error => console.error(`${command[0]} can't be started: ${error.message}`))
  return child
}

/** Waits for a condition, asking every 50 ms. Rejects after the time-out, saying for what. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 15_000) {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`there was not ${what} within ${timeoutMs / 1000} s`)
    await sleep(50)
  }
}
