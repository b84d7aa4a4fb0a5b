import type { ConfigSources } from '../app/config.ts'
import type { Log } from '../app/log.ts'
import type { StoreMigrationRequest, StoreMigrationResult } from '../app/migrate-store.ts'
import type { Config } from '../app/options.ts'

export type { StoreMigrationResult } from '../app/migrate-store.ts'
export type StoreMigrationProgress = Parameters<StoreMigrationRequest['onProgress']>[0]

/** All that a command may touch of its process, so that tests can run one in theirs. */
export interface Io {
  stdout: (text: string) => void
  stderr: (text: string) => void
  /** Standard input as text; rejects with RangeError beyond `maxBytes`. */
  readStdin: (maxBytes: number) => Promise<string>
  /** One line of an answer to a question on the terminal; empty at end of input. */
  ask: (question: string) => Promise<string>
  /** The same for what must not be seen. */
  askSecret: (question: string) => Promise<string>
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  /** Whether a person can be asked. */
  isInteractive: boolean
  /** Whether stdout is a terminal. */
  isTerminal: boolean
  /** Whether what is printed is kept by systemd's journal, where others than this user may read it. */
  isJournaled: boolean
  /** Width of tables. */
  columns: number
  /** From the first call on, SIGINT and SIGTERM abort the signal instead of ending the process; the second one ends it at once. */
  stopSignal: () => AbortSignal
  fetch: typeof fetch
  /** Lets `fetch` trust this CA, PEM, besides the usual ones. False where the runtime can't. */
  trustCa: (pem: string) => boolean
  /** The server itself; loaded only where it is needed, because it is large. */
  loadApp: () => Promise<App>
}

/** What `serve`, `demo` and `migrate-store` need of the server. */
export interface App {
  loadConfig: (sources: ConfigSources) => Config
  ConfigError: new (...parameters: never[]) => Error
  createLog: (level: string) => Log
  startServer: (config: Config, parts: { log: Log }) => Promise<Server>
  migrateStore: (request: StoreMigrationRequest) => Promise<StoreMigrationResult>
}

export interface Server {
  mqtt: readonly { host: string; port: number; url: string }[]
  /** URL of the HTTP API. */
  http: string
  caFile: string
  /** Only on the first start, which made it. */
  adminToken: string | null
  /** Sets the first password; only as long as there is no user. */
  setupLink: string | null
  warnings: readonly string[]
  /** Drains and closes; bounded by the configuration. */
  stop(): Promise<void>
}

/** Ends a command with a message; nothing else of it is printed. */
export class CliError extends Error {
  override readonly name: string = 'CliError'
  /** 1 = refused or failed, 2 = used wrongly. */
  readonly exitCode: 1 | 2
  constructor(message: string, { exitCode = 1, cause }: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, { cause })
    this.exitCode = exitCode
  }
}

/** The command has said all itself, and failed. */
export class AlreadyTold extends Error {
  override readonly name = 'AlreadyTold'
}

export function usageError(message: string): CliError {
  return new CliError(message, { exitCode: 2 })
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
