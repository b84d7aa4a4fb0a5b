import type { DeviceIdentity } from '@hatchway/protocol'
import type { Packet, Publish, Qos } from '../../mqtt/index.ts'
import type { DeviceLine } from './line.ts'
import type { MessageValues } from './message-template.ts'
import type { Tally } from './tally.ts'

/** What a session needs of its connection. */
export type SessionLine = Pick<DeviceLine, 'listen' | 'send' | 'cut'>

/** What each device publishes. */
export interface Messages {
  topic: (values: MessageValues) => string
  payload: (values: MessageValues) => string
  qos: 0 | 1
  /** 0: nothing is published. */
  intervalMs: number
}

/** A device that has so many messages unacknowledged leaves out its next one. */
export const MAX_UNACKNOWLEDGED = 16
const MAX_PACKET_ID = 65_535
const RANDOM_VALUES = 100
const RRPC_REQUEST = '/rrpc/request/'
const RRPC_RESPONSE = '/rrpc/response/'

/** A device that is logged in: publishes in turn, acknowledges what comes, answers requests (RRPC) with what they hold. */
export class DeviceSession {
  readonly #device: DeviceIdentity
  readonly #line: SessionLine
  readonly #messages: Messages
  readonly #tally: Tally
  /** When those were sent that are not acknowledged, by packet identifier. */
  readonly #underWay = new Map<number, number>()
  #timer: NodeJS.Timeout | undefined
  #count = 0
  #lastPacketId = 0
  #isQuiet = false
  #awaitsPingresp = false

  constructor(device: DeviceIdentity, parts: { line: SessionLine; messages: Messages; tally: Tally }) {
    this.#device = device
    this.#line = parts.line
    this.#messages = parts.messages
    this.#tally = parts.tally
    this.#line.listen(packet => this.#receive(packet))
    const { intervalMs } = this.#messages
    // Devices that came together don't speak together.
    if (intervalMs > 0)
      this.#timer = setTimeout(() => this.#publishInTurn(performance.now()), Math.random() * intervalMs)
  }

  /** To be called twice in each Keep Alive: a ping where nothing was sent, the end where the last one stayed unanswered. */
  keepAlive(): void {
    if (this.#awaitsPingresp) this.#line.cut()
    else if (this.#isQuiet) {
      this.#line.send({ type: 'pingreq' })
      this.#awaitsPingresp = true
    }
    this.#isQuiet = true
  }

  /** Sends no more; the connection is left as it is. */
  end(): void {
    clearTimeout(this.#timer)
  }

  #publishInTurn(dueAt: number): void {
    const { intervalMs } = this.#messages
    const nextAt = Math.max(dueAt + intervalMs, performance.now())
    this.#timer = setTimeout(() => this.#publishInTurn(nextAt), nextAt - performance.now())
    if (this.#underWay.size >= MAX_UNACKNOWLEDGED) this.#tally.leftOut += 1
    else this.#publish()
  }

  #publish(): void {
    const { topic, payload, qos } = this.#messages
    this.#count += 1
    const random = Math.floor(Math.random() * RANDOM_VALUES)
    const values = { ...this.#device, count: this.#count, time: Date.now(), random }
    const packetId = qos === 0 ? undefined : this.#nextPacketId()
    this.#send({ topic: topic(values), payload: Buffer.from(payload(values)), qos, packetId })
    if (packetId !== undefined) this.#underWay.set(packetId, performance.now())
    this.#tally.sent += 1
  }

  #send(message: Pick<Publish, 'topic' | 'payload' | 'packetId'> & { qos: Qos }): void {
    this.#isQuiet = false
    this.#line.send({ type: 'publish', retain: false, dup: false, ...message })
  }

  /** Free: fewer are under way than there are, and they are given out in a circle. */
  #nextPacketId(): number {
    this.#lastPacketId = (this.#lastPacketId % MAX_PACKET_ID) + 1
    return this.#lastPacketId
  }

  #receive(packet: Packet): void {
    const { type } = packet
    if (type === 'publish') this.#receiveMessage(packet)
    else if (type === 'puback') this.#noteAcknowledgement(packet.packetId)
    else if (type === 'pubrel') this.#line.send({ type: 'pubcomp', packetId: packet.packetId, reasonCode: 0 })
    else if (type === 'pingresp') this.#awaitsPingresp = false
    else if (type === 'disconnect') this.#line.cut()
  }

  #receiveMessage({ topic, payload, qos, packetId = 0 }: Publish): void {
    this.#tally.received += 1
    if (qos > 0) this.#line.send({ type: qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode: 0 })
    if (topic.includes(RRPC_REQUEST)) {
      this.#send({ topic: topic.replace(RRPC_REQUEST, RRPC_RESPONSE), payload, qos: 0, packetId: undefined })
    }
  }

  #noteAcknowledgement(packetId: number): void {
    const sentAt = this.#underWay.get(packetId)
    if (sentAt === undefined) return
    this.#underWay.delete(packetId)
    this.#tally.acknowledged += 1
    this.#tally.acknowledgementMs.add(performance.now() - sentAt)
  }
}
