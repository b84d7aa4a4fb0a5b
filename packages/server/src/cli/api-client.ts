import { version } from '../app/version.ts'
import { CliError } from './io.ts'
import { printable } from './printable.ts'

export interface ApiClientOptions {
  /** `http://host:port` of the server, without a path. */
  server: string
  /** Bearer token; undefined sends none. */
  token: string | undefined
  /** Why there is no token and what to do, for the sentence after a 401. */
  tokenHint: string
  fetch: typeof fetch
  /** Limit of one request; default 30,000 ms. */
  timeoutMs?: number
}

export interface ApiRequest {
  query?: Readonly<Record<string, string | number | undefined>>
  /** Sent as JSON, unless it is a text. */
  body?: unknown
  contentType?: string
}

/** The API's own refusal (RFC 9457), as one sentence and its advice. */
export class ApiRefusal extends CliError {
  override readonly name = 'ApiRefusal'
  readonly status: number
  readonly code: string | undefined
  constructor(status: number, code: string | undefined, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const TIMEOUT_MS = 30_000
const UNTRUSTED: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])
const ERROR_BODY_MAX_LENGTH = 300

/** The one way in which commands talk to a server. Every failure is a CliError with a sentence for the user. */
export class ApiClient {
  readonly server: string
  readonly #options: ApiClientOptions

  constructor(options: ApiClientOptions) {
    this.server = options.server
    this.#options = options
  }

  /** Resolves with the parsed JSON of a good answer; undefined for one without a body. */
  async request<Reply>(method: string, path: string, request: ApiRequest = {}): Promise<Reply> {
    const signal = AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS)
    const response = await this.#send(method, path, request, signal)
    const text = await this.#guard(() => response.text())
    if (!response.ok) throw this.#refusal(response, text)
    if (text === '') return undefined as Reply
    const reply = parseJson(text)
    if (reply === undefined) throw this.#notOurs(response.status)
    return reply as Reply
  }

  get<Reply>(path: string, query: NonNullable<ApiRequest['query']> = {}): Promise<Reply> {
    return this.request('GET', path, { query })
  }

  /** The body of a good answer as it is. */
  async text(path: string): Promise<string> {
    const signal = AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS)
    const response = await this.#send('GET', path, {}, signal, { accept: '*/*' })
    const text = await this.#guard(() => response.text())
    if (!response.ok) throw this.#refusal(response, text)
    return text
  }

  /** A stream of events; ends when the server or `signal` ends it. */
  async stream(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
    const response = await this.#send('GET', path, {}, signal, { accept: 'text/event-stream', ...headers })
    if (!response.ok) throw this.#refusal(response, await this.#guard(() => response.text()))
    if (response.body === null) throw this.#notOurs(response.status)
    return response.body
  }

  #send(
    method: string,
    path: string,
    { query = {}, body, contentType }: ApiRequest,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>> = { accept: 'application/json' },
  ): Promise<Response> {
    const url = new URL(path, this.server)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const { token } = this.#options
    return this.#guard(() =>
      this.#options.fetch(url, {
        method,
        signal,
        // A redirect could carry the token elsewhere.
        redirect: 'error',
        headers: {
          ...headers,
          // By this the audit log tells the command line from other programs.
          'user-agent': `hatchway-cli/${version}`,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
  }

  async #guard<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act()
    } catch (error) {
      throw this.#unreachable(error)
    }
  }

  #unreachable(error: unknown): Error {
    if (error instanceof Error && error.name === 'AbortError') return error
    const start = `Can't reach the Hatchway server at ${this.server}`
    if (error instanceof Error && error.name === 'TimeoutError') {
      const seconds = (this.#options.timeoutMs ?? TIMEOUT_MS) / 1000
      return new CliError(`${start}: no answer within ${seconds} s. Check that it runs and is not overloaded.`)
    }
    const code = errorCode(error)
    if (code === 'ECONNREFUSED') {
      return new CliError(`${start}: nothing listens there. Start it with "hatchway serve", or give --server URL.`)
    }
    if (UNTRUSTED.has(code)) {
      return new CliError(`${start}: its certificate is not trusted (${code}). Give the server's ca.pem by --ca.`)
    }
    const detail = code === '' ? String((error as Error).message) : code
    return new CliError(`${start}: ${printable(detail)}. Check --server (or HATCHWAY_SERVER) and the network.`)
  }

  #refusal(response: Response, text: string): CliError {
    const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true
    const problem = isProblem ? parseJson(text) : undefined
    if (typeof problem !== 'object' || problem === null) return this.#notOurs(response.status)
    const { detail, title, fix, code } = problem as Record<string, unknown>
    const sentences = [detail ?? title, fix].filter(part => typeof part === 'string' && part !== '')
    if (response.status === 401) sentences.push(this.#options.tokenHint)
    const message = printable(sentences.join(' ').slice(0, ERROR_BODY_MAX_LENGTH * 3))
    return new ApiRefusal(response.status, typeof code === 'string' ? code : undefined, message)
  }

  #notOurs(status: number): CliError {
    return new CliError(
      `What answers at ${this.server} is not a Hatchway API (HTTP ${status}). Check --server: it is the HTTP port, not the MQTT one.`,
    )
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** fetch wraps the socket's error, and that may be one of several. */
function errorCode(error: unknown): string {
  let at: unknown = error
  for (let depth = 0; depth < 4 && typeof at === 'object' && at !== null; depth++) {
    if (at instanceof AggregateError) at = at.errors[0]
    else if (typeof (at as { code?: unknown }).code === 'string') return (at as { code: string }).code
    else at = (at as { cause?: unknown }).cause
  }
  return ''
}
