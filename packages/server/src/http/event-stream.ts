import type { ServerResponse } from 'node:http'

export interface StreamEvent {
  event: string
  /** What the client sends back as Last-Event-ID to go on from here. */
  id?: number
  /** One line of JSON. */
  data: string
}

const RECONNECT_AFTER_MS = 3000
/** Heartbeats in a row that find bytes still waiting: then the peer is gone or asleep. */
const MAX_STALLED_BEATS = 4

/** One listener's Server-Sent Events, with a bound on what may wait for a slow one. */
export class EventStream {
  readonly #response: ServerResponse
  readonly #maxWaitingBytes: number
  #stalledBeats = 0

  constructor(response: ServerResponse, maxWaitingBytes: number) {
    this.#response = response
    this.#maxWaitingBytes = maxWaitingBytes
  }

  get isOpen(): boolean {
    return this.#response.writable
  }

  open(headers: Readonly<Record<string, string>>): void {
    this.#response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies such as nginx would otherwise collect events before they pass them on.
      'x-accel-buffering': 'no',
    })
    this.#write(`retry: ${RECONNECT_AFTER_MS}\n\n`)
  }

  send({ event, id, data }: StreamEvent): void {
    this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`)
  }

  /** Keeps proxies from closing a quiet stream, and finds out whether the peer is still there. */
  heartbeat(): void {
    this.#stalledBeats = this.#response.writableLength === 0 ? 0 : this.#stalledBeats + 1
    if (this.#stalledBeats > MAX_STALLED_BEATS) this.#response.destroy()
    else this.#write(':\n\n')
  }

  /** Resolves when there is room for more, or the stream is closed; heartbeats end a stream that gets no room. */
  drained(): Promise<void> {
    if (!this.#response.writableNeedDrain || !this.isOpen) return Promise.resolve()
    return new Promise(resolve => {
      const settle = (): void => {
        this.#response.off('drain', settle).off('close', settle)
        resolve()
      }
      this.#response.on('drain', settle).on('close', settle)
    })
  }

  end(): void {
    this.#response.end()
  }

  #write(chunk: string): void {
    if (!this.isOpen) return
    this.#response.write(chunk)
    // A listener that is too slow comes back with Last-Event-ID and reads what it missed from the journal.
    if (this.#response.writableLength > this.#maxWaitingBytes) this.#response.destroy()
  }
}
