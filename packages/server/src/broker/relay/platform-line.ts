import {
  bareAcknowledgement,
  decode,
  encode,
  encodePublish,
  Framer,
  type Packet,
  type ProtocolLevel,
  type Qos,
} from '../../mqtt/index.ts'
import { Emptied } from '../client/emptied.ts'
import type { Message } from '../port.ts'
import { UpstreamUnavailable } from '../upstream-unavailable.ts'
import type { LineReader, UpstreamLine } from './upstream/line.ts'
import { type LoginOutcome, UpstreamLogin } from './upstream/login.ts'
import type { Upstream } from './upstream/upstream.ts'

export interface PlatformLineOptions {
  readonly upstream: Upstream
  /** Client identifier at the cluster; no other gateway may have it. */
  readonly clientId: string
  /** How long a message may take until it is acknowledged. */
  readonly publishTimeoutMs: number
  /** The cluster has something that the operator should hear of, one sentence. */
  readonly onTrouble: (problem: string) => void
}

interface Waiting {
  readonly message: Message
  readonly deadline: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Messages that wait for the cluster, and their payloads; beyond it a message is refused. */
const maxWaiting = 10_000
const maxWaitingBytes = 32 * 1024 * 1024
/** QoS 1 and 2 messages that are out; an MQTT 5 cluster may ask for fewer. */
const maxInFlight = 1000
const maxAnswerBytes = 64 * 1024
const maxPacketId = 0xffff
const firstPauseMs = 250
const longestPauseMs = 2000
/** The cluster hears of the gateway at least this often, and the gateway of the cluster. */
const keepAliveSeconds = 30
const quietMs = 10_000
const silenceMs = 10_000

/**
 * The gateway's own connection to the cluster: it carries what the platform and the API publish, finds out which version
 * the cluster speaks, and whether it is there at all. It comes back by itself, at whichever host answers.
 */
export class PlatformLine implements LineReader {
  /** Why the cluster can't be used now; undefined = it can. */
  problem: string | undefined = 'it has not been reached yet'
  readonly #options: PlatformLineOptions
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  /** By packet identifier, oldest first. */
  readonly #inFlight = new Map<number, Waiting>()
  #lastPacketId = 0
  #login: UpstreamLogin | undefined
  #line: UpstreamLine | undefined
  #level: ProtocolLevel = 4
  #framer = new Framer({ maxPacketSizeBytes: maxAnswerBytes })
  #window = maxInFlight
  /** Some clusters end the connection over a QoS 2 message. */
  #maximumQos: Qos = 2
  #pauseMs = firstPauseMs
  #timer: NodeJS.Timeout | undefined
  #writtenAt = 0
  #pingedAt = 0
  #isClosed = false
  #wasHungUp = false
  #firstTry: (() => void) | undefined
  readonly #allSettled = new Emptied()

  constructor(options: PlatformLineOptions) {
    this.#options = options
  }

  /** Resolves when the first try has come to something, good or bad. */
  async start(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#firstTry = resolve
    this.#connect(5)
    await promise
  }

  /** Resolves when the cluster has acknowledged it; QoS 0: when it is on its way. Rejects with UpstreamUnavailable. */
  publish(message: Message): Promise<void> {
    const size = message.payload.length
    if (this.#isClosed) return Promise.reject(new UpstreamUnavailable('the gateway is stopping'))
    if (this.#waiting.length >= maxWaiting || this.#waitingBytes + size > maxWaitingBytes) {
      return Promise.reject(
        new UpstreamUnavailable(`${this.#waiting.length} messages wait for the MQTT cluster already`),
      )
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const deadline = this.#options.upstream.now() + this.#options.publishTimeoutMs
    // The caller may use its memory again; the message may have to wait.
    this.#waiting.push({ message: { ...message, payload: Buffer.from(message.payload) }, deadline, resolve, reject })
    this.#waitingBytes += size
    this.#pump()
    return promise
  }

  /** Resolves when no message is on its way, or after the time. */
  async settled(timeoutMs: number): Promise<void> {
    if (!this.#isSettled) await this.#allSettled.wait(timeoutMs)
  }

  get #isSettled(): boolean {
    return this.#waiting.length + this.#inFlight.size === 0
  }

  /** Time-outs of messages, and the keep alive. */
  sweep(): void {
    const now = this.#options.upstream.now()
    const late = new UpstreamUnavailable(`the MQTT cluster took no message within ${this.#options.publishTimeoutMs} ms`)
    for (const [id, waiting] of this.#inFlight) {
      if (waiting.deadline > now) break
      this.#inFlight.delete(id)
      waiting.reject(late)
    }
    for (let first = this.#waiting[0]; first !== undefined && first.deadline <= now; first = this.#waiting[0]) {
      this.#takeWaiting()
      first.reject(late)
    }
    const line = this.#line
    if (line === undefined) return
    if (this.#pingedAt > 0 && now - this.#pingedAt > silenceMs) line.abort()
    else if (this.#pingedAt === 0 && now - this.#writtenAt > quietMs) {
      this.#pingedAt = now
      this.#send({ type: 'pingreq' })
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#login?.cancel()
    this.#firstTry?.()
    const line = this.#line
    if (line !== undefined) {
      this.#send({ type: 'disconnect', reasonCode: 0 })
      line.end()
    }
    const gone = new UpstreamUnavailable('the gateway stopped before the MQTT cluster took the message')
    for (const { reject } of [...this.#inFlight.values(), ...this.#waiting]) reject(gone)
    this.#inFlight.clear()
    this.#waiting.length = 0
  }

  /** For a cluster that does not let the connection end. */
  abort(): void {
    this.#line?.abort()
  }

  /** MQTT 5 first: what the cluster says to that tells what its other clients may speak. */
  #connect(level: 4 | 5): void {
    const { upstream, clientId } = this.#options
    this.#login = new UpstreamLogin(upstream, {
      connect: {
        ...{ type: 'connect', protocolLevel: level, cleanStart: true, keepAliveSeconds, clientId },
        ...upstream.credentials,
      },
      timeoutMs: upstream.connectTimeoutMs,
      insists: true,
      done: outcome => this.#loggedIn(outcome, level),
    })
    this.#login.start()
  }

  #loggedIn(outcome: LoginOutcome, level: 4 | 5): void {
    const { upstream } = this.#options
    this.#login = undefined
    if (outcome.kind === 'accepted') {
      upstream.hungUpOnMqtt5 = level === 4 && this.#wasHungUp
      upstream.speaksMqtt5 = upstream.hungUpOnMqtt5 ? undefined : level === 5
      this.#begin(outcome, level)
    } else if (level === 5 && (outcome.kind === 'version' || (outcome.kind === 'unavailable' && outcome.hungUp))) {
      this.#wasHungUp = outcome.kind === 'unavailable'
      this.#connect(4)
      return
    } else this.#failed('problem' in outcome ? outcome.problem : 'it speaks neither MQTT 5.0 nor 3.1.1')
    this.#firstTry?.()
    this.#firstTry = undefined
  }

  #begin({ line, connack, rest }: LoginOutcome & { kind: 'accepted' }, level: ProtocolLevel): void {
    const { properties } = connack
    line.reader = this
    this.#line = line
    this.#level = level
    this.#framer = new Framer({ maxPacketSizeBytes: maxAnswerBytes })
    this.#window = Math.min(properties?.receiveMaximum ?? maxInFlight, maxInFlight)
    if (properties?.maximumQos !== undefined) this.#maximumQos = properties.maximumQos
    this.#pauseMs = firstPauseMs
    this.#pingedAt = 0
    this.problem = undefined
    if (rest.length > 0) this.received(rest)
    this.#pump()
  }

  #failed(problem: string): void {
    if (this.problem !== problem) this.#options.onTrouble(problem)
    this.problem = problem
    if (this.#isClosed) return
    this.#timer = setTimeout(() => this.#connect(5), this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
  }

  opened(): void {}

  drained(): void {
    this.#pump()
  }

  received(chunk: Buffer): void {
    this.#framer.push(chunk)
    try {
      while (this.#line !== undefined && this.#framer.next()) this.#answered(decode(this.#framer, this.#level))
    } catch (error) {
      this.#options.onTrouble(`it sent what can't be read: ${error instanceof Error ? error.message : String(error)}`)
      this.#line?.abort()
    }
    this.#pump()
  }

  lost(): void {
    const line = this.#line
    if (line === undefined) return
    this.#options.upstream.hosts.closed(line.host)
    this.#line = undefined
    if (this.#isClosed) return
    this.#keepForLater()
    this.#connect(5)
  }

  /** What was out is sent again, before the rest. A cluster that hung up on QoS 2 gets QoS 1 from here on. */
  #keepForLater(): void {
    const out = [...this.#inFlight.values()]
    this.#inFlight.clear()
    if (this.#maximumQos === 2 && out.some(({ message }) => message.qos === 2)) {
      this.#maximumQos = 1
      this.#options.onTrouble(
        'it ended the connection over a message of QoS 2; the platform’s own are sent with QoS 1 now',
      )
    }
    this.#waiting.unshift(...out)
    for (const { message } of out) this.#waitingBytes += message.payload.length
  }

  #answered(packet: Packet): void {
    if (packet.type === 'pingresp') this.#pingedAt = 0
    else if (packet.type === 'puback' || packet.type === 'pubcomp') this.#settle(packet.packetId, packet.reasonCode)
    else if (packet.type === 'pubrec') {
      // From here on the message is the cluster's; what follows only frees its identifier. [MQTT-4.3.3-8]
      if (packet.reasonCode < 0x80) this.#line?.write(bareAcknowledgement('pubrel', packet.packetId))
      else this.#settle(packet.packetId, packet.reasonCode)
    } else if (packet.type === 'disconnect') this.#line?.end()
  }

  #settle(packetId: number, reasonCode: number): void {
    const waiting = this.#inFlight.get(packetId)
    if (waiting === undefined) return
    this.#inFlight.delete(packetId)
    if (reasonCode < 0x80) waiting.resolve()
    else {
      const code = `0x${reasonCode.toString(16)}`
      waiting.reject(
        new UpstreamUnavailable(`the MQTT cluster refused a message to ${waiting.message.topic} with ${code}`),
      )
    }
  }

  /** Sends what may be sent now. */
  #pump(): void {
    const line = this.#line
    if (line === undefined) return
    while (!line.isFull && this.#inFlight.size < this.#window) {
      const waiting = this.#takeWaiting()
      if (waiting === undefined) break
      this.#publish(line, waiting)
    }
    if (this.#isSettled) this.#allSettled.tell()
  }

  #publish(line: UpstreamLine, waiting: Waiting): void {
    const { topic, payload, qos: wanted, retain = false } = waiting.message
    const qos = Math.min(wanted, this.#maximumQos) as Qos // one of the two
    const packetId = qos === 0 ? undefined : this.#nextPacketId()
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
    const packet = { topic, payload: bytes, qos, retain, dup: false, packetId } as const
    line.write(encodePublish({ type: 'publish', ...packet }, this.#level))
    this.#writtenAt = this.#options.upstream.now()
    if (packetId === undefined) waiting.resolve()
    else this.#inFlight.set(packetId, waiting)
  }

  #takeWaiting(): Waiting | undefined {
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) this.#waitingBytes -= waiting.message.payload.length
    return waiting
  }

  /** The window is far smaller than their number, so there is always one. */
  #nextPacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % maxPacketId) + 1
    while (this.#inFlight.has(this.#lastPacketId))
    return this.#lastPacketId
  }

  #send(packet: Packet): void {
    this.#line?.write(encode(packet, this.#level))
    this.#writtenAt = this.#options.upstream.now()
  }
}
