import { fstatSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import tls from 'node:tls'
import type { App, Io } from './io.ts'

const DEFAULT_COLUMNS = 80
const MIN_COLUMNS = 40
/** One Ctrl-C may come several times: from the terminal, from npm and from the launcher. */
const SAME_SIGNAL_MS = 1000
const EXIT_CODE_OF = { SIGINT: 130, SIGTERM: 143 } as const

/** The process as commands see it. */
export function processIo(): Io {
  // A reader that has seen enough (`| head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  let stop: AbortController | undefined
  return {
    stdout: text => process.stdout.write(text),
    stderr: text => process.stderr.write(text),
    readStdin,
    ask: question => ask(question, process.stderr),
    askSecret,
    env: process.env,
    cwd: process.cwd(),
    isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    isTerminal: process.stdout.isTTY === true,
    isJournaled: isJournaled(),
    columns: Math.max(MIN_COLUMNS, process.stdout.columns ?? DEFAULT_COLUMNS),
    stopSignal: () => {
      stop ??= abortOnSignals()
      return stop.signal
    },
    fetch: globalThis.fetch,
    trustCa,
    loadApp,
  }
}

/** systemd tells a service which file leads to its journal. Its children inherit the word, but not always the file. */
function isJournaled(): boolean {
  const { dev, ino } = fstatSync(process.stdout.fd, { bigint: true })
  return process.env['JOURNAL_STREAM'] === `${dev}:${ino}`
}

function trustCa(pem: string): boolean {
  // Since Node.js 24.5; for the whole process, which runs one command.
  if (typeof tls.setDefaultCACertificates !== 'function') return false
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), pem])
  return true
}

function abortOnSignals(): AbortController {
  const stop = new AbortController()
  let firstAt: number | undefined
  const onSignal = (name: keyof typeof EXIT_CODE_OF): void => {
    const now = performance.now()
    firstAt ??= now
    if (!stop.signal.aborted) stop.abort()
    else if (now - firstAt > SAME_SIGNAL_MS) process.exit(EXIT_CODE_OF[name])
  }
  process.on('SIGINT', () => onSignal('SIGINT'))
  process.on('SIGTERM', () => onSignal('SIGTERM'))
  return stop
}

async function readStdin(maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk)
    sizeBytes += bytes.length
    if (sizeBytes > maxBytes) throw new RangeError(`standard input is longer than ${maxBytes} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString()
}

async function askSecret(question: string): Promise<string> {
  process.stderr.write(question)
  // What is typed is echoed here, and nowhere else.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  try {
    return await ask('', nowhere)
  } finally {
    process.stderr.write('\n')
  }
}

async function ask(question: string, output: Writable): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  const ended = new Promise<string>(resolve => lines.once('close', () => resolve('')))
  try {
    return await Promise.race([lines.question(question), ended])
  } finally {
    lines.close()
  }
}

/** Loads the server's rooms, which takes longer than most commands run. */
export async function loadApp(): Promise<App> {
  const [{ startServer, migrateStore }, { loadConfig, ConfigError }, { createLog }] = await Promise.all([
    import('../app/index.ts'),
    import('../app/config.ts'),
    import('../app/log.ts'),
  ])
  return { startServer, migrateStore, loadConfig, ConfigError, createLog }
}
