import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import type { Sink } from '../../client/outbox.ts'
import type { UpstreamHost } from './hosts.ts'

/** Who reads from a line. */
export interface LineReader {
  /** TCP, and TLS if there is any, are up. */
  opened(): void
  received(chunk: Buffer): void
  /** All that was written has left, after there was too much of it. */
  drained(): void
  /** The line is gone; the error that ended it, if there was one. Once, and nothing comes after it. */
  lost(error: Error | undefined): void
}

/** For a line whose end nobody has to hear of. */
const nobody: LineReader = { opened() {}, received() {}, drained() {}, lost() {} }

/** A larger turn of bytes may come in several pieces, which leave together. */
const corkedBytes = 8 * 1024

/** One connection to a host of the cluster. */
export class UpstreamLine implements Sink {
  readonly host: UpstreamHost
  /** Changes hands when the host has taken the CONNECT. */
  reader: LineReader
  readonly #socket: Socket
  #error: Error | undefined

  constructor(host: UpstreamHost, secureContext: SecureContext | undefined, reader: LineReader) {
    this.host = host
    this.reader = reader
    this.#socket = open(host, secureContext)
    this.#socket.setNoDelay(true)
    this.#socket.once(secureContext === undefined ? 'connect' : 'secureConnect', () => this.reader.opened())
    this.#socket.on('data', (chunk: Buffer) => this.reader.received(chunk))
    this.#socket.on('drain', () => this.reader.drained())
    this.#socket.on('error', error => {
      this.#error = error
    })
    this.#socket.once('close', () => this.reader.lost(this.#error))
  }

  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  /** More is pending than should be: wait for `drained`. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  /** Runs what writes about so many bytes; they leave in one go. */
  together(sizeBytes: number, write: () => void): void {
    if (sizeBytes <= corkedBytes) {
      write()
      return
    }
    this.#socket.cork()
    write()
    this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Lets what was written leave, then ends. What still comes is thrown away. The caller sees to it that it does not last for ever. */
  end(): void {
    this.#socket.resume()
    this.#socket.end()
  }

  /** At once; its reader hears that it is lost. */
  abort(): void {
    this.#socket.destroy()
  }

  /** At once. Its reader hears nothing more. */
  destroy(): void {
    this.reader = nobody
    this.#socket.destroy()
  }
}

function open(upstream: UpstreamHost, secureContext: SecureContext | undefined): Socket {
  const { host, port } = upstream
  if (secureContext === undefined) return connectTcp({ host, port })
  // A certificate for an address has the address in it; there is no server name to send then.
  const name = isIP(host) === 0 ? { servername: host } : {}
  const { tlsSession } = upstream
  const resumed = tlsSession === undefined ? {} : { session: tlsSession }
  const socket = connectTls({ host, port, secureContext, ...name, ...resumed })
  socket.on('session', session => {
    upstream.tlsSession = session
  })
  return socket
}
