import type { ReasonCode } from '@hatchway/protocol'
import {
  decodeDisconnect,
  decodePublish,
  decodeSuback,
  type Frame,
  type Packet,
  type ProtocolLevel,
  packetTypeOf,
  reasonCodes,
} from '../../mqtt/index.ts'
import type { Identity } from '../port.ts'
import { pubackOf, type SharedReading } from './client-packets.ts'
import type { Echoes } from './echoes.ts'
import { Passage, type PassageHandler } from './passage.ts'
import type { Subscriptions } from './subscriptions.ts'

/** The connection that the packets go to. */
export interface ClusterPacketHost {
  readonly identity: Identity
  readonly level: ProtocolLevel
  readonly echoes: Echoes | undefined
  readonly subscriptions: Subscriptions
  /** Filters that the cluster was asked for in the client's name, while it has not answered. */
  readonly serverFilters: readonly string[] | undefined
  /** Bytes for the client, as they are. */
  toClient(buffer: Buffer, start: number, end: number): void
  /** A packet of our own for the client, now. */
  send(packet: Packet): void
  /** Bytes of our own for the cluster. */
  forward(buffer: Buffer, start: number, end: number): void
  report(reason: ReasonCode, what: { topic: string; problem: string }): void
  /** The cluster has answered for the filters that it was asked for in the client's name. */
  serverSubscribed(): void
  /** The cluster ends the connection. */
  clusterLeft(reason: ReasonCode, problem: string): void
}

/** Of the SUBSCRIBE in the client's name: its own packets have not gone on yet. */
export const serverSubscribeId = 1
/** Of packets that are to be looked at; larger ones pass. */
const largestSeenBytes = 256 * 1024
const types = { publish: 3, suback: 9, pingresp: 13, disconnect: 14 } as const
const reasonsOfDisconnect: Readonly<Record<number, ReasonCode | undefined>> = {
  [reasonCodes.keepAliveTimeout]: 'keep-alive-timeout',
  [reasonCodes.sessionTakenOver]: 'session-taken-over',
}

/** Lets pass what the cluster sends, looks at the few packets that concern the relay, and puts ours between them. */
export class ClusterPackets implements PassageHandler {
  readonly #host: ClusterPacketHost
  readonly #shared: Pick<SharedReading, 'meter' | 'watches'>
  readonly #passage = new Passage(this)
  /** The next PINGRESP is not for the client: it did not ask. */
  awaitsOwnPingresp = false
  /** Packets of ours that wait for the end of one that is passing. */
  #late: Packet[] = []

  constructor(host: ClusterPacketHost, shared: Pick<SharedReading, 'meter' | 'watches'>) {
    this.#host = host
    this.#shared = shared
  }

  /** False inside of a packet that passes. */
  get isBetween(): boolean {
    return this.#passage.isBetween
  }

  /** False if what came is not MQTT. Throws MalformedPacket. */
  receive(chunk: Buffer): boolean {
    return this.#passage.push(chunk)
  }

  /** Sends a packet of ours to the client, as soon as there is a place for it. */
  insert(packet: Packet): void {
    if (this.isBetween) this.#host.send(packet)
    else this.#late.push(packet)
  }

  wants(firstByte: number, sizeBytes: number): boolean {
    const type = firstByte >> 4
    if (sizeBytes > largestSeenBytes) return false
    if (type === types.publish) return this.#host.echoes?.isAwaiting === true || this.#isWatched
    if (type === types.pingresp) return this.awaitsOwnPingresp
    return type === types.suback || type === types.disconnect
  }

  begins(firstByte: number): void {
    if (firstByte >> 4 !== types.publish) return
    const qos = (firstByte >> 1) & 3
    if (qos !== 3) this.#shared.meter.messagesOut[qos as 0 | 1 | 2]++
  }

  pass(buffer: Buffer, start: number, end: number): void {
    this.#host.toClient(buffer, start, end)
    if (this.#late.length === 0 || !this.isBetween) return
    const late = this.#late
    this.#late = []
    for (const packet of late) this.#host.send(packet)
  }

  packet(frame: Frame): void {
    const type = packetTypeOf(frame.firstByte)
    if (type === 'publish') this.#publish(frame)
    else if (type === 'suback') this.#suback(frame)
    else if (type === 'pingresp') this.awaitsOwnPingresp = false
    else this.#disconnect(frame)
  }

  get #isWatched(): boolean {
    return this.#shared.watches.has(this.#host.identity.sessionId)
  }

  #publish(frame: Frame): void {
    const { topic, payload, qos, packetId = 0, properties } = decodePublish(frame, this.#host.level)
    if (qos < 2 && this.#host.echoes?.takes(topic, payload)) {
      if (qos === 1) this.#host.forward(pubackOf(packetId), 0, pubackBytes)
      return
    }
    if (this.#isWatched) {
      // An alias that was set before anybody watched stands for a topic that nobody knows here.
      const shown = topic === '' ? `(topic alias ${properties?.topicAlias})` : topic
      this.#shared.watches.passed('down', this.#host.identity.sessionId, frame.firstByte, { topic: shown, payload })
    }
    this.begins(frame.firstByte)
    this.pass(frame.buffer, frame.start, frame.end)
  }

  #suback(frame: Frame): void {
    const { level, subscriptions, serverFilters } = this.#host
    const packet = decodeSuback(frame, level === 5 ? 5 : 4)
    if (serverFilters !== undefined && packet.packetId === serverSubscribeId) {
      for (const [at, code] of packet.reasonCodes.entries()) this.#refused(serverFilters[at] ?? '', code)
      this.#host.serverSubscribed()
      return
    }
    const { suback, refusedUpstream } = subscriptions.answered(packet)
    for (const { filter, code } of refusedUpstream) this.#refused(filter, code)
    if (suback === undefined) this.pass(frame.buffer, frame.start, frame.end)
    else this.#host.send(suback)
  }

  #refused(filter: string, code: number): void {
    if (code < 0x80) return
    const problem = `the cluster answered SUBSCRIBE with 0x${code.toString(16)}`
    this.#host.report('upstream-topic-refused', { topic: filter, problem })
  }

  /** Its reason is the client's too. Only MQTT 5 has this packet in this direction. */
  #disconnect(frame: Frame): void {
    const { level } = this.#host
    const { reasonCode, properties } = decodeDisconnect(frame, level)
    if (level === 5) this.pass(frame.buffer, frame.start, frame.end)
    const said = properties?.reasonString === undefined ? '' : ` (${properties.reasonString})`
    const problem = `it sent DISCONNECT with 0x${reasonCode.toString(16)}${said}`
    this.#host.clusterLeft(reasonsOfDisconnect[reasonCode] ?? 'upstream-lost', problem)
  }
}

const pubackBytes = 4
