import { type ChildProcess, spawn } from 'node:child_process'
import { leashed } from '../../scripts/leashed.ts'
import { eventually } from './hatchway.ts'

interface Surroundings {
  cwd: string
  env?: NodeJS.ProcessEnv
}

/** A program that a user started in a shell: what it says, and Ctrl-C. */
export class RunningProgram {
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  #output = ''

  constructor(program: string, args: readonly string[], { cwd, env = process.env }: Surroundings) {
    this.#child = spawn(...leashed(program, args), { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', chunk => (this.#output += chunk))
    this.#ended = new Promise(resolve => this.#child.once('close', resolve))
  }

  /** All that it wrote so far. */
  get output(): string {
    return this.#output
  }

  /** Waits until it has written a text; rejects with its output when it ends without. */
  async says(text: string): Promise<void> {
    await eventually(async () => {
      if (this.#output.includes(text)) return true
      if (this.#child.exitCode !== null) throw new Error(`ended without "${text}": ${this.#output}`)
      return false
    })
  }

  /** Its exit code, once it has come to its end. */
  ended(): Promise<number | null> {
    return this.#ended
  }

  async interrupt(): Promise<void> {
    this.#child.kill('SIGINT')
    await this.#ended
  }
}
