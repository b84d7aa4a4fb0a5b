import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

export interface ListenerAddress {
  host: string
  port: number
}

/** A port that can't be listened on; the message says which, why and what to change. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

// A storm of new devices fits in; the kernel cuts it to its own limit (net.core.somaxconn).
const backlog = 4096

/** Listens on one port and hands over each accepted socket, unread. */
export class Listener {
  readonly #server: Server
  readonly #closed: Promise<void>

  /** `onError`: an accept that failed, for instance because no file descriptor is left. */
  constructor(onSocket: (socket: Socket) => void, onError: (error: Error) => void) {
    // Without noDelay, Nagle and delayed acknowledgement cost a TLS connection 40 ms.
    this.#server = createServer({ noDelay: true }, onSocket)
    this.#closed = new Promise(resolve => this.#server.once('close', () => resolve()))
    this.#server.on('error', error => {
      if (this.#server.listening) onError(error)
    })
  }

  async listen(host: string, port: number): Promise<ListenerAddress> {
    this.#server.listen({ host, port, backlog })
    try {
      await once(this.#server, 'listening')
    } catch (error) {
      throw new ListenError(problemOf(error as NodeJS.ErrnoException, host, port), { cause: error })
    }
    const { address, port: actual } = this.#server.address() as AddressInfo
    return { host: address, port: actual }
  }

  /** Accepts no more. Open sockets go on. */
  stop(): void {
    if (this.#server.listening) this.#server.close()
  }

  /** Resolves when it is stopped and all its sockets are closed. */
  async closed(): Promise<void> {
    await this.#closed
  }
}

function problemOf(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `MQTT port ${port} on ${host} is in use by another program; stop that one, or set HATCHWAY_MQTT_PORT to a free port.`
    case 'EACCES':
      return `MQTT port ${port} may not be used by this user; allow ports below 1024 (CAP_NET_BIND_SERVICE), or set HATCHWAY_MQTT_PORT to one above.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is not an address of this machine; set HATCHWAY_MQTT_HOST to one that is, or to 0.0.0.0 for all.`
    default:
      return `MQTT port ${port} on ${host} can't be opened (${error.code ?? error.message}); check HATCHWAY_MQTT_HOST and HATCHWAY_MQTT_PORT.`
  }
}
