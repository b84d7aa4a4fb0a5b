import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type SecureContext } from 'node:tls'
import {
  connectBytes,
  DISCONNECT_BYTES,
  type Login,
  PacketCounter,
  PINGREQ_BYTES,
  packetIdOf,
  pubackBytes,
  senderOf,
  stampOf,
  stampPublish,
  subscribeBytes,
} from './mqtt-bytes.ts'

const KEEP_ALIVE_SECONDS = 120
const ANSWER_TIMEOUT_MS = 20_000
const MAX_PACKET_ID = 65_535
const NO_ANSWER = -1

export interface SoakClientOptions {
  port: number
  login: Login
  clean: boolean
  /** Undefined: plain TCP. */
  secureContext: SecureContext | undefined
  onMessage: (sender: number, number: number) => void
  /** The connection ended although nobody here had asked for it. */
  onLost: () => void
}

/** What to do when the message is acknowledged, or when it never will be. */
export interface Delivery {
  acknowledged(): void
  abandoned(): void
}

/** One connection of one client of the soak test. */
export class SoakClient {
  readonly #socket: Socket
  readonly #options: SoakClientOptions
  readonly #underWay = new Map<number, Delivery>()
  #answered: ((code: number, flags: number) => void) | undefined
  #lastPacketId = 0
  #isLeaving = false
  isOpen = false

  constructor(options: SoakClientOptions) {
    const { port, secureContext, onMessage, onLost } = options
    this.#options = options
    const to = { port, host: '127.0.0.1' }
    this.#socket =
      secureContext === undefined ? connectTcp(to) : connectTls({ ...to, secureContext, servername: 'localhost' })
    this.#socket.setNoDelay(true)
    const counter = new PacketCounter({
      onPublish: (buffer, end, qos) => {
        onMessage(senderOf(buffer, end), stampOf(buffer, end))
        if (qos > 0) this.#socket.write(pubackBytes(packetIdOf(buffer, end)))
      },
      onPuback: packetId => {
        this.#underWay.get(packetId)?.acknowledged()
        this.#underWay.delete(packetId)
      },
      onOther: (_, code, flags) => this.#answered?.(code, flags),
    })
    this.#socket.on('data', chunk => {
      if (!this.#isLeaving) counter.feed(chunk as Buffer)
    })
    this.#socket.on('error', () => this.#socket.destroy())
    this.#socket.on('close', () => {
      const wasOpen = this.isOpen
      this.#end()
      this.#answered?.(NO_ANSWER, 0)
      if (wasOpen && !this.#isLeaving) onLost()
    })
  }

  /** Messages that are not acknowledged. */
  get unacknowledged(): number {
    return this.#underWay.size
  }

  /** Code of the CONNACK, -1 if there was none in time. */
  async open(): Promise<{ code: number; sessionPresent: boolean }> {
    const { login, clean } = this.#options
    const { code, flags } = await this.#ask(connectBytes(login, clean, KEEP_ALIVE_SECONDS))
    this.isOpen = code === 0
    if (!this.isOpen) this.#socket.destroy()
    return { code, sessionPresent: (flags & 1) === 1 }
  }

  /** Code of the SUBACK. */
  async subscribe(filter: string): Promise<number> {
    return (await this.#ask(subscribeBytes(filter, 1))).code
  }

  /** A PUBLISH that `publishBytes` made; it is copied. */
  publish(template: Buffer, number: number, delivery: Delivery): void {
    this.#lastPacketId = (this.#lastPacketId % MAX_PACKET_ID) + 1
    const publish = Buffer.from(template)
    stampPublish(publish, { packetId: this.#lastPacketId, stamp: number })
    this.#underWay.set(this.#lastPacketId, delivery)
    this.#socket.write(publish)
  }

  ping(): void {
    if (this.isOpen) this.#socket.write(PINGREQ_BYTES)
  }

  /** By DISCONNECT, or as a device does that loses power. */
  leave(gracefully: boolean): void {
    this.#isLeaving = true
    this.#end()
    if (gracefully) this.#socket.end(DISCONNECT_BYTES)
    else this.#socket.destroy()
  }

  #end(): void {
    this.isOpen = false
    for (const delivery of this.#underWay.values()) delivery.abandoned()
    this.#underWay.clear()
  }

  async #ask(bytes: Buffer): Promise<{ code: number; flags: number }> {
    const answer = new Promise<{ code: number; flags: number }>(resolve => {
      this.#answered = (code, flags) => resolve({ code, flags })
    })
    this.#socket.write(bytes)
    const timeout = new AbortController()
    const late = sleep(ANSWER_TIMEOUT_MS, { code: NO_ANSWER, flags: 0 }, { signal: timeout.signal })
    const result = await Promise.race([answer, late.catch(() => ({ code: NO_ANSWER, flags: 0 }))])
    timeout.abort()
    this.#answered = undefined
    return result
  }
}
