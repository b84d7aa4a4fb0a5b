import type { Io } from '../io.ts'
import { runCli } from '../run.ts'

export interface Ran {
  code: number
  stdout: string
  stderr: string
}

export type IoChange = Partial<Omit<Io, 'stdout' | 'stderr' | 'stopSignal'>> & {
  /** Aborting it is Ctrl-C. */
  stop?: AbortController
  /** Sees what is printed as it comes. */
  onStdout?: (text: string) => void
}

/** Runs a command line in this process, with nothing of the process in it. */
export async function run(argv: readonly string[], change: IoChange = {}): Promise<Ran> {
  const { stop = new AbortController(), onStdout, ...rest } = change
  const ran = { code: -1, stdout: '', stderr: '' }
  const io: Io = {
    stdout: text => {
      ran.stdout += text
      onStdout?.(text)
    },
    stderr: text => {
      ran.stderr += text
    },
    readStdin: () => Promise.resolve(''),
    ask: () => Promise.reject(new Error('asked without a terminal')),
    askSecret: () => Promise.reject(new Error('asked without a terminal')),
    env: {},
    cwd: '/nonexistent',
    isInteractive: false,
    isTerminal: false,
    isJournaled: false,
    columns: 80,
    stopSignal: () => stop.signal,
    fetch: globalThis.fetch,
    trustCa: () => true,
    loadApp: () => Promise.reject(new Error('no server here')),
    ...rest,
  }
  ran.code = await runCli(argv, io)
  return ran
}
