import type { WebSocket } from 'ws'
import type { DrainListener } from '../broker/port.ts'
import type { Transport } from '../registry/types.ts'
import type { GatewayLink, LinkContext, LinkPeer } from './gateway-link.ts'
import { GatheredBytes } from './gathered-bytes.ts'

const normalClosure = 1000
const sendOptions = { binary: true, compress: false, fin: true }

/** A link over WebSocket: one binary frame a turn. MQTT packets need not line up with frames. [MQTT-6.0.0-2] */
export class WebSocketLink implements GatewayLink {
  readonly address: string
  readonly transport: Transport
  drainListener: DrainListener | undefined
  readonly #webSocket: WebSocket
  readonly #context: LinkContext
  readonly #gathered = new GatheredBytes()
  #due = false
  #blocked = false
  #ending = false
  readonly #sent = (): void => this.#afterSend()

  constructor(webSocket: WebSocket, peer: LinkPeer, context: LinkContext) {
    this.#webSocket = webSocket
    this.address = peer.address
    this.transport = peer.transport
    this.#context = context
  }

  get pendingBytes(): number {
    return this.#gathered.sizeBytes + this.#webSocket.bufferedAmount
  }

  write(bytes: Uint8Array): void {
    if (this.#ending || this.#webSocket.readyState !== this.#webSocket.OPEN) return
    this.#gathered.push(bytes)
    if (this.#due) return
    this.#due = true
    if (!this.#blocked) this.#context.turn.add(this)
  }

  writeNow(bytes: Uint8Array): void {
    this.write(bytes)
    if (!this.#blocked) this.flush()
  }

  flush(): void {
    this.#due = false
    const webSocket = this.#webSocket
    if (webSocket.readyState !== webSocket.OPEN) this.#gathered.clear()
    const chunks = this.#gathered.take()
    for (const chunk of chunks) webSocket.send(chunk, sendOptions, this.#sent)
    this.#blocked = chunks.length > 0
  }

  pauseReading(): void {
    this.#webSocket.pause()
  }

  resumeReading(): void {
    this.#webSocket.resume()
  }

  /** Set up with the upgrade: ws has no way to it later. */
  probePeer(): void {}

  end(): void {
    if (this.#ending) return
    this.flush()
    this.#ending = true
    this.drainListener = undefined
    this.#webSocket.resume()
    this.#webSocket.close(normalClosure)
    if (this.#webSocket.readyState !== this.#webSocket.CLOSED) this.#context.closing.add(this)
  }

  destroy(): void {
    this.#ending = true
    this.drainListener = undefined
    this.#gathered.clear()
    this.#webSocket.terminate()
  }

  closed(): void {
    this.drainListener = undefined
    this.#context.closing.remove(this)
  }

  #afterSend(): void {
    if (this.#webSocket.bufferedAmount > 0) return
    this.#blocked = false
    if (this.#due) this.flush()
    if (this.pendingBytes === 0) this.drainListener?.drained()
  }
}
