import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Hands bytes on between a store and its database until it is told to keep them. */
export class BlockableWay {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #blocked = false

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  static async to(port: number): Promise<BlockableWay> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const way = new BlockableWay(server)
    server.on('connection', near => way.#join(near, connect(port, '127.0.0.1')))
    return way
  }

  /** The same database by this way. */
  url(url: string): string {
    const by = new URL(url)
    by.port = String(this.port)
    return by.href
  }

  block(): void {
    this.#blocked = true
  }

  /** What was kept is lost, as with a firewall that forgot the connections. */
  open(): void {
    this.#blocked = false
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => undefined)
      from.on('data', chunk => {
        if (!this.#blocked) to.write(chunk)
      })
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }
}
