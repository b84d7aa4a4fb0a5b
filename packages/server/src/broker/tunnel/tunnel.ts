import type { Socket } from 'node:net'
import type { Attachment, DrainListener, Link } from '../port.ts'

/** What may wait in the client's link before no more is taken from the broker's process. */
const maxPendingBytes = 65_536

export interface TunnelOptions {
  link: Link
  socket: Socket
  /** Nothing came through, not even an answer to CONNECT. */
  onFailure(error: Error | undefined): void
  onGone(): void
}

/**
 * One client's connection on its way to the process that has the broker: bytes both ways, and whoever is slow slows the
 * other one. `end` of the link over there arrives as the socket's end, after all that was sent before it. A `destroy`
 * can't be seen from here while the client reads nothing; that is told by `cut`.
 */
export class Tunnel implements Attachment, DrainListener {
  readonly #options: TunnelOptions
  #isFull = false
  #isHeldUp = false
  #hasBegun = false
  #isOver = false
  #error: Error | undefined

  constructor(options: TunnelOptions) {
    this.#options = options
    const { link, socket } = options
    link.drainListener = this
    socket.on('data', (chunk: Buffer) => this.#deliver(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('end', () => this.#end())
    socket.on('error', error => {
      this.#error = error
    })
    socket.on('close', () => this.#closed())
  }

  receive(chunk: Buffer): void {
    const { socket, link } = this.#options
    if (this.#isOver || !socket.writable) return
    if (socket.write(chunk) || this.#isFull) return
    this.#isFull = true
    link.pauseReading()
  }

  /** The client is gone: what it sent before still goes through. */
  closed(): void {
    this.#isOver = true
    const { socket } = this.#options
    socket.resume() // what comes for it is let go, and the end behind it is seen
    socket.end()
  }

  /** The broker's process has let go of it at once. */
  cut(): void {
    this.#isOver = true
    this.#options.link.destroy()
    this.#options.socket.destroy()
  }

  drained(): void {
    if (!this.#isHeldUp) return
    this.#isHeldUp = false
    this.#options.socket.resume()
  }

  #deliver(chunk: Buffer): void {
    if (this.#isOver) return
    this.#hasBegun = true
    const { link, socket } = this.#options
    link.write(chunk)
    if (link.pendingBytes <= maxPendingBytes) return
    this.#isHeldUp = true
    socket.pause()
    // The link may send all of it at the end of this turn and then has nothing to tell.
    setImmediate(() => {
      if (link.pendingBytes === 0) this.drained()
    })
  }

  #drained(): void {
    if (!this.#isFull || this.#isOver) return
    this.#isFull = false
    this.#options.link.resumeReading()
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.link.end()
  }

  #closed(): void {
    this.#options.onGone()
    if (this.#isOver) return
    this.#isOver = true
    if (this.#hasBegun) this.#options.link.destroy()
    else this.#options.onFailure(this.#error)
  }
}
