import { type Connack, type Connect, encodeConnect, Framer, MalformedPacket } from '../../../mqtt/index.ts'
import { readAnswer } from './answer.ts'
import type { UpstreamHost } from './hosts.ts'
import { type LineReader, UpstreamLine } from './line.ts'
import type { Upstream } from './upstream.ts'

export type LoginOutcome =
  /** `rest`: bytes that came behind the CONNACK. The line is the caller’s from here on, its `reader` too. */
  | { readonly kind: 'accepted'; readonly line: UpstreamLine; readonly connack: Connack; readonly rest: Buffer }
  /** `hungUp`: a host ended the connection instead of answering CONNECT. Some do that to a version that they don't know. */
  | { readonly kind: 'unavailable'; readonly problem: string; readonly hungUp: boolean }
  | { readonly kind: 'version' }
  | { readonly kind: 'refused'; readonly problem: string; readonly passesOn: number | undefined }

export interface LoginOptions {
  readonly connect: Connect
  /** For all hosts together. */
  readonly timeoutMs: number
  /** Tries a host that rests if there is no other. */
  readonly insists?: boolean
  readonly done: (outcome: LoginOutcome) => void
}

const maxConnackBytes = 64 * 1024

/** Opens a connection and logs in, at one host after the other until one takes it or the time is over. */
export class UpstreamLogin implements LineReader {
  readonly #upstream: Upstream
  readonly #options: LoginOptions
  readonly #tried = new Set<UpstreamHost>()
  readonly #deadline: number
  #line: UpstreamLine | undefined
  #framer = new Framer({ maxPacketSizeBytes: maxConnackBytes })
  #timer: NodeJS.Timeout | undefined
  readonly #problems: string[] = []
  #hungUp = false

  constructor(upstream: Upstream, options: LoginOptions) {
    this.#upstream = upstream
    this.#options = options
    this.#deadline = upstream.now() + options.timeoutMs
  }

  /** May call back before it returns. */
  start(): void {
    this.#tryNext()
  }

  /** Nobody waits for it any more; it does not call back. */
  cancel(): void {
    const line = this.#line
    if (line === undefined) return
    this.#upstream.hosts.released(line.host)
    this.#drop(line)
  }

  opened(): void {
    this.#line?.write(encodeConnect(this.#options.connect))
  }

  received(chunk: Buffer): void {
    const line = this.#line
    if (line === undefined) return
    this.#framer.push(chunk)
    try {
      if (this.#framer.next()) this.#answered(line)
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error
      this.#failed(line, `what it answered is no CONNACK: ${error.message}`)
    }
  }

  drained(): void {}

  lost(error: Error | undefined): void {
    const line = this.#line
    if (line === undefined) return
    if (error !== undefined) {
      this.#failed(line, problemOf(error))
      return
    }
    // It may dislike this one client, its version for example: no reason to let all others avoid the host.
    this.#upstream.hosts.released(line.host)
    this.#hungUp = true
    this.#next(line, 'it closed the connection instead of answering CONNECT')
  }

  #tryNext(): void {
    const { hosts, now, secureContext } = this.#upstream
    const leftMs = this.#deadline - now()
    const host = leftMs <= 0 ? undefined : hosts.take(this.#tried, this.#options.insists)
    if (host === undefined) {
      const resting = 'every host rests after a failure'
      this.#options.done({ kind: 'unavailable', problem: this.#problems.join('; ') || resting, hungUp: this.#hungUp })
      return
    }
    this.#tried.add(host)
    this.#framer = new Framer({ maxPacketSizeBytes: maxConnackBytes })
    const line = new UpstreamLine(host, secureContext, this)
    this.#line = line
    // What is left is shared by the hosts that are left: one that is silent must not use up the time of all.
    const share = leftMs / Math.max(1, hosts.all.length - this.#tried.size + 1)
    this.#timer = setTimeout(() => this.#failed(line, `it did not answer within ${Math.round(share)} ms`), share)
  }

  #answered(line: UpstreamLine): void {
    const { hosts } = this.#upstream
    const answer = readAnswer(this.#framer, this.#options.connect.protocolLevel)
    if (answer.kind === 'unavailable') {
      this.#failed(line, answer.problem)
      return
    }
    this.#upstream.succeeded(line.host)
    if (answer.kind !== 'accepted') {
      hosts.closed(line.host)
      this.#drop(line)
      this.#options.done(
        answer.kind === 'version' ? answer : { ...answer, problem: `${line.host.name}: ${answer.problem}` },
      )
      return
    }
    clearTimeout(this.#timer)
    this.#line = undefined
    this.#options.done({ kind: 'accepted', line, connack: answer.connack, rest: this.#framer.takeRest() })
  }

  #failed(line: UpstreamLine, problem: string): void {
    this.#upstream.failed(line.host, problem)
    this.#next(line, problem)
  }

  #next(line: UpstreamLine, problem: string): void {
    this.#problems.push(`${line.host.name}: ${problem}`)
    this.#drop(line)
    this.#tryNext()
  }

  #drop(line: UpstreamLine): void {
    clearTimeout(this.#timer)
    this.#line = undefined
    line.destroy()
  }
}

/** Node tries all addresses of a name, and then says nothing but the errors of each. */
function problemOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map(one => String(one.message)).join(', ')
  return error.message
}
