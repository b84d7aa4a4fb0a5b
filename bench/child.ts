import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

const hasTaskset = spawnSync('taskset', ['-V'], { stdio: 'ignore' }).status === 0

/** A child process on one core of its own, that says by one JSON line on stdout when it is ready or done. */
export class Child {
  readonly process: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(core: number, script: string, args: readonly string[] = []) {
    const command = [process.execPath, script, ...args]
    const [program = process.execPath, ...rest] = hasTaskset ? ['taskset', '-c', String(core), ...command] : command
    this.process = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
    const stdout = this.process.stdout
    if (stdout === null) throw new Error('stdout is piped')
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
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

  /** taskset replaces itself by the program, so this is the program's own pid. */
  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the process did not start')
    return this.process.pid
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const gone = new Promise(resolve => this.process.once('exit', resolve))
    this.process.kill('SIGTERM')
    const deadline = setTimeout(() => this.process.kill('SIGKILL'), 15_000)
    await gone
    clearTimeout(deadline)
  }
}
