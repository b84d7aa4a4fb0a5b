import type { Socket } from 'node:net'
import type { DrainListener } from '../broker/port.ts'
import type { Transport } from '../registry/types.ts'
import type { GatewayLink, LinkContext, LinkPeer } from './gateway-link.ts'
import { GatheredBytes } from './gathered-bytes.ts'

const probeAfterMs = 120_000

/**
 * A link over TCP or TLS. What is written in one turn of the loop leaves in one write; while the socket has bytes that
 * the kernel has not taken, more are gathered here, so that a slow reader costs few and large writes.
 */
export class SocketLink implements GatewayLink {
  readonly address: string
  readonly transport: Transport
  drainListener: DrainListener | undefined
  readonly #socket: Socket
  readonly #context: LinkContext
  /** While there are some. */
  #gathered: GatheredBytes | undefined
  /** In the turn's list, or about to be flushed when the socket has drained. */
  #due = false
  /** The socket holds bytes of ours; `#afterWrite` will be called. */
  #blocked = false
  #ending = false

  constructor(socket: Socket, peer: LinkPeer, context: LinkContext) {
    this.#socket = socket
    this.address = peer.address
    this.transport = peer.transport
    this.#context = context
  }

  get pendingBytes(): number {
    return (this.#gathered?.sizeBytes ?? 0) + this.#socket.writableLength
  }

  write(bytes: Uint8Array): void {
    if (this.#ending || !this.#socket.writable) return
    this.#gathered ??= new GatheredBytes()
    this.#gathered.push(bytes)
    if (this.#due) return
    this.#due = true
    if (!this.#blocked) this.#context.turn.add(this)
  }

  writeNow(bytes: Uint8Array): void {
    if (this.#ending || !this.#socket.writable) return
    this.#gathered ??= new GatheredBytes()
    this.#gathered.push(bytes)
    if (!this.#blocked) this.flush()
  }

  /** Hands what is gathered to the socket now. */
  flush(): void {
    this.#due = false
    const socket = this.#socket
    const gathered = this.#gathered
    this.#gathered = undefined
    if (gathered === undefined || !socket.writable) return
    const chunks = gathered.take()
    const last = chunks.length - 1
    if (last > 0) socket.cork()
    for (let at = 0; at < last; at++) socket.write(chunks[at]!) // in bounds: at < last
    socket.write(chunks[last]!, () => this.#afterWrite()) // in bounds: nothing is gathered without bytes
    if (last > 0) socket.uncork()
    this.#blocked = socket.writableLength > 0
  }

  pauseReading(): void {
    this.#socket.pause()
  }

  resumeReading(): void {
    this.#socket.resume()
  }

  probePeer(): void {
    this.#socket.setKeepAlive(true, probeAfterMs)
  }

  end(): void {
    if (this.#ending) return
    this.flush()
    this.#ending = true
    this.drainListener = undefined
    // A paused socket would never see the peer's end.
    this.#socket.resume()
    this.#socket.end()
    if (!this.#socket.closed) this.#context.closing.add(this)
  }

  destroy(): void {
    this.#ending = true
    this.drainListener = undefined
    this.#gathered = undefined
    this.#socket.destroy()
  }

  closed(): void {
    this.drainListener = undefined
    this.#context.closing.remove(this)
  }

  #afterWrite(): void {
    if (!this.#blocked || this.#socket.writableLength > 0) return
    this.#blocked = false
    if (this.#due) this.flush()
    if (this.pendingBytes === 0) this.drainListener?.drained()
  }
}
