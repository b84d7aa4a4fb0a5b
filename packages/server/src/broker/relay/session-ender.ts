import { reasonCodes } from '../../mqtt/index.ts'
import type { LineReader, UpstreamLine } from './upstream/line.ts'
import { type LoginOutcome, UpstreamLogin } from './upstream/login.ts'
import type { Upstream } from './upstream/upstream.ts'

/** Connections that are open for this at a time. */
const maxAtATime = 4
/** Sessions that wait for their end; beyond it the oldest are left to the cluster's own expiry. */
const maxWaiting = 10_000
const tries = 3
const keepAliveSeconds = 60

export interface SessionEnderOptions {
  readonly upstream: Upstream
  /** The session is in use again: it must not be ended. */
  readonly isInUse: (sessionId: string) => boolean
  readonly lineEnding: (line: UpstreamLine) => void
  readonly lineEnded: (line: UpstreamLine) => void
  readonly onError: (error: unknown) => void
}

/**
 * Ends sessions that the cluster keeps: a connection with their client identifier and a clean start, which goes away at
 * once, leaves nothing behind. [MQTT-3.1.2-4]
 */
export class SessionEnder {
  readonly #options: SessionEnderOptions
  /** With the tries that are left. */
  readonly #waiting = new Map<string, number>()
  readonly #logins = new Set<UpstreamLogin>()
  #isClosed = false

  constructor(options: SessionEnderOptions) {
    this.#options = options
  }

  add(sessionId: string): void {
    this.#enqueue(sessionId, tries)
    this.#next()
  }

  close(): void {
    this.#isClosed = true
    this.#waiting.clear()
    for (const login of this.#logins) login.cancel()
    this.#logins.clear()
  }

  #enqueue(sessionId: string, left: number): void {
    this.#waiting.set(sessionId, left)
    if (this.#waiting.size <= maxWaiting) return
    for (const oldest of this.#waiting.keys()) {
      this.#waiting.delete(oldest)
      this.#options.onError(new Error(`more than ${maxWaiting} sessions wait for their end; that of ${oldest} is left`))
      return
    }
  }

  #next(): void {
    for (const [sessionId, left] of this.#waiting) {
      if (this.#logins.size >= maxAtATime || this.#isClosed) return
      this.#waiting.delete(sessionId)
      if (!this.#options.isInUse(sessionId)) this.#end(sessionId, left - 1)
    }
  }

  #end(sessionId: string, left: number): void {
    const { upstream } = this.#options
    const login: UpstreamLogin = new UpstreamLogin(upstream, {
      connect: {
        ...{ type: 'connect', protocolLevel: upstream.level, cleanStart: true, keepAliveSeconds },
        ...{ clientId: sessionId, ...upstream.credentials },
      },
      timeoutMs: upstream.connectTimeoutMs,
      done: outcome => {
        this.#logins.delete(login)
        this.#done(outcome, sessionId, left)
        this.#next()
      },
    })
    this.#logins.add(login)
    login.start()
  }

  #done(outcome: LoginOutcome, sessionId: string, left: number): void {
    if (outcome.kind === 'accepted') {
      const { lineEnding, lineEnded } = this.#options
      leave(outcome.line, () => lineEnded(outcome.line))
      lineEnding(outcome.line)
      return
    }
    if (left > 0 && outcome.kind === 'unavailable') {
      this.#enqueue(sessionId, left)
      return
    }
    const problem = 'problem' in outcome ? outcome.problem : 'the cluster speaks another version'
    this.#options.onError(new Error(`the session of ${sessionId} could not be ended at the cluster: ${problem}`))
  }
}

const disconnectBytes: Uint8Array = Uint8Array.of(0xe0, reasonCodes.normalDisconnection)

/** DISCONNECT, and then the end. */
function leave(line: UpstreamLine, lost: () => void): void {
  const reader: LineReader = { opened() {}, received() {}, drained() {}, lost }
  line.reader = reader
  line.write(disconnectBytes)
  line.end()
}
