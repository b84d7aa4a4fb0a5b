import type { Socket } from 'node:net'
import { FrameReader, frameHeader } from './frames.ts'

/** A page of devices with all their ClientIDs has far less. */
const maxFrameBytes = 67_108_864

export interface MessageLineListener {
  message(message: unknown): void
  /** The other process is gone, or sent what is no message. */
  closed(): void
}

/**
 * Messages between two processes of one server, in order. What is sent in one turn of the event loop travels as one JSON
 * text; while the other side is slow, it gathers. Whoever sends bounds how much that can be.
 */
export class MessageLine {
  readonly #socket: Socket
  readonly #reader = new FrameReader(maxFrameBytes)
  #due: unknown[] = []
  #scheduled = false

  /** `rest`: bytes of the socket that were read already. */
  constructor(socket: Socket, rest?: Buffer) {
    this.#socket = socket
    if (rest !== undefined && rest.length > 0) this.#reader.push(rest)
    socket.on('error', () => {}) // 'close' follows
    socket.on('drain', () => this.#schedule())
  }

  /** Messages wait until somebody listens. */
  listen(listener: MessageLineListener): void {
    this.#socket.on('close', () => listener.closed())
    this.#socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk)
      this.#read(listener)
    })
    this.#read(listener)
  }

  send(message: unknown): void {
    this.#due.push(message)
    this.#schedule()
  }

  /** Sends what is left, then hangs up. */
  end(): void {
    this.#flush()
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #schedule(): void {
    if (this.#scheduled || this.#due.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (!this.#socket.writableNeedDrain) this.#flush()
    })
  }

  #flush(): void {
    if (this.#due.length === 0 || !this.#socket.writable) return
    const bytes = Buffer.from(JSON.stringify(this.#due))
    this.#due = []
    this.#socket.cork()
    this.#socket.write(frameHeader(bytes.length))
    this.#socket.write(bytes)
    this.#socket.uncork()
  }

  #read(listener: MessageLineListener): void {
    for (let messages = this.#next(); messages !== undefined; messages = this.#next()) {
      for (const message of messages) listener.message(message)
    }
  }

  #next(): unknown[] | undefined {
    try {
      const frame = this.#reader.next()
      return frame === undefined ? undefined : (JSON.parse(frame.toString()) as unknown[])
    } catch {
      // Too large, or no JSON: nothing that comes behind it can be understood.
      this.#socket.destroy()
      return undefined
    }
  }
}
