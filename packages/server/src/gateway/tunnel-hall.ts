import type { Socket } from 'node:net'
import type { Attachment, Broker, Link } from '../broker/port.ts'
import { decodePreface, type Preface } from '../broker/tunnel/index.ts'
import { Deadlines } from './deadlines.ts'
import type { GatewayLog } from './gateway-log.ts'
import { SocketLink } from './socket-link.ts'
import { own, type SocketOwner } from './socket-owner.ts'
import { WriteTurn } from './write-turn.ts'

export interface TunnelHallOptions {
  broker: Pick<Broker, 'attach'>
  log: GatewayLog
  /** From our end of a connection to the other process's. */
  closeTimeoutMs: number
  /** A connection was let go of at once: the process that has the client's socket has to be told. */
  onCut(worker: number, tunnel: number): void
  /** The first connection has come, or the last one gone. */
  onOccupied(isOccupied: boolean): void
}

/** Where connections arrive that other processes of this server have admitted: attaches each to the broker. */
export class TunnelHall {
  readonly #options: TunnelHallOptions
  readonly #turn = new WriteTurn()
  readonly #closing: Deadlines<Link>
  readonly #sockets = new Set<Socket>()

  constructor(options: TunnelHallOptions) {
    this.#options = options
    this.#closing = new Deadlines<Link>(options.closeTimeoutMs, link => link.destroy())
  }

  /** `bytes` is the preface, `rest` what came behind it. */
  take(socket: Socket, bytes: Buffer, rest: Buffer): void {
    const preface = this.#read(bytes)
    if (preface === undefined) {
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    if (this.#sockets.size === 1) this.#options.onOccupied(true)
    const link = new SocketLink(socket, preface, { turn: this.#turn, closing: this.#closing })
    const arrival = new TunnelArrival({ socket, link, preface, hall: this })
    arrival.attach(this.#options.broker, rest)
  }

  /** Whatever another process sends, this one goes on. */
  #read(bytes: Buffer): Preface | undefined {
    try {
      return decodePreface(bytes)
    } catch (error) {
      this.failed(error)
      return undefined
    }
  }

  failed(error: unknown, preface?: Preface): void {
    this.#options.log.error({ err: error, address: preface?.address }, 'a connection failed')
  }

  gone(socket: Socket, { worker, tunnel }: Preface): void {
    if (this.#sockets.delete(socket) && this.#sockets.size === 0) this.#options.onOccupied(false)
    // It has come to its end if the other side has hung up; else that may be waiting for a client that reads nothing.
    if (!socket.readableEnded) this.#options.onCut(worker, tunnel)
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#closing.close()
  }
}

interface TunnelArrivalOptions {
  socket: Socket
  link: SocketLink
  preface: Preface
  hall: TunnelHall
}

class TunnelArrival implements SocketOwner {
  readonly #options: TunnelArrivalOptions
  #attachment: Attachment | undefined

  constructor(options: TunnelArrivalOptions) {
    this.#options = options
    own(options.socket, this)
  }

  attach(broker: Pick<Broker, 'attach'>, rest: Buffer): void {
    const { link, preface } = this.#options
    const { identity, connect, keepAliveSeconds, keepAliveChanged, serverSubscriptions } = preface
    const request = { identity, connect, link, keepAliveSeconds, keepAliveChanged, serverSubscriptions }
    this.#guarded(() => {
      this.#attachment = broker.attach(request)
      if (rest.length > 0) this.#attachment.receive(rest)
    })
  }

  receive(chunk: Buffer): void {
    this.#guarded(() => this.#attachment?.receive(chunk))
  }

  socketClosed(): void {
    const { link, socket, preface, hall } = this.#options
    link.closed()
    this.#attachment?.closed()
    hall.gone(socket, preface)
  }

  /** A fault of ours: this connection ends, the others go on. */
  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#options.hall.failed(error, this.#options.preface)
      this.#options.link.destroy()
    }
  }
}
