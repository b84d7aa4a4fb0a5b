import type { ReasonCode } from '@hatchway/protocol'
import {
  bareAcknowledgement,
  decode,
  decodePublish,
  encode,
  type Frame,
  hasShortestHeader,
  type Packet,
  type ProtocolLevel,
  reasonCodes,
  type Subscribe,
} from '../../mqtt/index.ts'
import type { ClientLimits } from '../client/client-limits.ts'
import { mendFieldedFlags, type OwnFrame } from '../client/fielded-devices.ts'
import type { Meter } from '../client/meter.ts'
import { misplaced } from '../client/misplaced-packet.ts'
import type { PublishHead } from '../client/publish-head.ts'
import { Publishing, type PublishingClient } from '../client/publishing.ts'
import type { Rights } from '../client/rights.ts'
import type { Watches } from '../client/watches.ts'
import type { Echoes } from './echoes.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { Tap, Taps } from './taps.ts'

/** What all connections of a relay share for reading. One reads at a time, and never from within another's reading. */
export interface SharedReading {
  readonly limits: ClientLimits
  readonly meter: Meter
  readonly taps: Taps
  readonly watches: Watches
  readonly head: PublishHead
}

/** The connection that the packets come over. */
export interface PacketHost extends PublishingClient {
  readonly level: ProtocolLevel
  readonly rights: Rights
  /** Topic aliases that the client may set. */
  readonly topicAliasMaximum: number
  readonly echoes: Echoes | undefined
  readonly subscriptions: Subscriptions
  /** Bytes that go on as they are. */
  forward(buffer: Buffer, start: number, end: number): void
  /** A packet for the client that is not the cluster's. */
  answer(packet: Packet): void
  report(reason: ReasonCode, what: { topic: string; problem: string }): void
  clientLeft(): void
}

/** What a connection has found out about a topic that it publishes to. */
interface KnownTopic {
  readonly topic: string
  /** Whether it may publish there; if not, why. */
  readonly refusal: string | undefined
  readonly isEchoed: boolean
  taps: readonly Tap[]
  tapsVersion: number
}

const types = { publish: 3, puback: 4, pubrec: 5, pubrel: 6, pubcomp: 7 } as const
const bareLength = 2

/** Judges a client's packets as they pass: what is allowed goes on unchanged, the rest is answered here. */
export class ClientPackets {
  readonly #host: PacketHost
  readonly #shared: SharedReading
  readonly #publishing: Publishing<KnownTopic>
  /** QoS 2 messages that were dropped here and whose PUBREL is still to come. */
  #dropped: Set<number> | undefined
  #lastTopic: KnownTopic | undefined
  #last = 'CONNECT'
  #lastFirstByte = 0

  constructor(host: PacketHost, shared: SharedReading) {
    this.#host = host
    this.#shared = shared
    this.#publishing = new Publishing(host, shared.limits)
  }

  /** The last packet that went to the cluster, for when it ends the connection over it. */
  get lastForwarded(): string {
    const type = this.#lastFirstByte >> 4
    if (type !== types.publish) return this.#last
    const qos = (this.#lastFirstByte >> 1) & 3
    return `PUBLISH with QoS ${qos} to ${this.#lastTopic?.topic}`
  }

  /** Throws MalformedPacket. */
  receive(frame: OwnFrame): void {
    const type = frame.firstByte >> 4
    if (type === types.publish) this.#publish(frame)
    else if ((type === types.puback || type === types.pubrec || type === types.pubcomp) && isBare(frame)) {
      this.#forward(frame, undefined)
    } else this.#other(frame)
  }

  #publish(frame: Frame): void {
    const { head, meter } = this.#shared
    head.read(frame, this.#host.level)
    if (!this.#publishing.isSound(head)) return
    const known = head.properties?.topicAlias === undefined ? this.#known(frame, head) : this.#aliased(frame, head)
    if (known === undefined) return
    meter.messagesIn[head.qos]++
    if (known.refusal === undefined) this.#pass(frame, head, known)
    else this.#drop(head, known.topic, known.refusal)
  }

  #known(frame: Frame, { buffer, topicStart, topicEnd }: PublishHead): KnownTopic {
    const known = this.#publishing.topics.find(buffer, topicStart, topicEnd)
    // A topic that is new here has its characters checked by the codec.
    return known ?? this.#learn(decodePublish(frame, this.#host.level).topic)
  }

  /** An alias that a dropped message set is never forwarded: its topic is refused each time. [MQTT-3.3.2-12] */
  #aliased(frame: Frame, { properties }: PublishHead): KnownTopic | undefined {
    const { topic: sent } = decodePublish(frame, 5)
    const topic = this.#publishing.aliased(properties?.topicAlias ?? 0, sent, this.#host.topicAliasMaximum)
    if (topic === undefined) return undefined
    const bytes = Buffer.from(topic)
    return this.#publishing.topics.find(bytes, 0, bytes.length) ?? this.#learn(topic)
  }

  #learn(topic: string): KnownTopic {
    const refusal = this.#host.rights.mayPublish(topic)
    const isEchoed = refusal === undefined && this.#host.echoes?.covers(topic) === true
    const known: KnownTopic = { topic, refusal, isEchoed, taps: [], tapsVersion: -1 }
    this.#publishing.topics.add(Buffer.from(topic), known)
    return known
  }

  #pass(frame: Frame, head: PublishHead, known: KnownTopic): void {
    const { taps, watches } = this.#shared
    const { topic } = known
    const { qos } = head
    if (known.tapsVersion !== taps.version) {
      known.taps = taps.of(topic)
      known.tapsVersion = taps.version
    }
    if (known.isEchoed) this.#host.echoes?.published(topic, head.payload)
    if (qos === 2) this.#dropped?.delete(head.packetId)
    this.#lastTopic = known
    this.#forward(frame, undefined)
    // A QoS 2 message that comes again has been heard: whoever listens acts once.
    const isRepeated = qos === 2 && (head.firstByte & 0x08) !== 0
    if (isRepeated) return
    const { identity } = this.#host
    if (watches.has(identity.sessionId)) {
      watches.passed('up', identity.sessionId, head.firstByte, { topic, payload: head.payload })
    }
    if (known.taps.length > 0) taps.tell(known.taps, { topic, payload: head.payload, qos, from: identity })
  }

  #drop({ qos, packetId }: PublishHead, topic: string, problem: string): void {
    const { meter, limits } = this.#shared
    const { level } = this.#host
    meter.dropped['not-allowed']++
    this.#host.report('topic-not-allowed-publish', { topic, problem })
    if (qos === 0) return
    const isTold = level === 5
    const reasonCode = isTold ? reasonCodes.notAuthorized : 0
    const properties = isTold ? { reasonString: problem } : undefined
    if (qos === 2 && !isTold) {
      this.#dropped ??= new Set()
      if (this.#dropped.size >= limits.receiveMaximum && !this.#dropped.has(packetId)) {
        this.#host.refuse('receive-maximum-exceeded', 'more QoS 2 messages are unreleased than a client may have')
        return
      }
      this.#dropped.add(packetId)
    }
    this.#host.answer({ type: qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode, properties })
  }

  #other(frame: OwnFrame): void {
    mendFieldedFlags(frame, this.#host.level, this.#host.identity)
    const packet = decode(frame, this.#host.level)
    switch (packet.type) {
      case 'subscribe':
        this.#subscribe(frame, packet)
        break
      case 'pubrel':
        if (this.#dropped?.delete(packet.packetId)) {
          this.#host.answer({ type: 'pubcomp', packetId: packet.packetId, reasonCode: 0 })
        } else this.#forward(frame, packet)
        break
      case 'unsubscribe':
        for (const filter of packet.filters) this.#host.echoes?.unsubscribed(filter)
        this.#forward(frame, packet)
        break
      case 'puback':
      case 'pubrec':
      case 'pubcomp':
      case 'pingreq':
        this.#forward(frame, packet)
        break
      case 'disconnect':
        this.#forward(frame, packet)
        this.#host.clientLeft()
        break
      case 'publish':
        break // judged by its head
      default:
        this.#host.refuse('protocol-error', misplaced(packet.type))
    }
  }

  #subscribe(frame: Frame, packet: Subscribe): void {
    const judged = this.#host.subscriptions.judge(packet)
    if (judged === undefined) {
      this.#host.refuse('protocol-error', 'it sends SUBSCRIBE without waiting for answers')
      return
    }
    const { forwarded, answer, refused } = judged
    for (const { filter, refusal } of refused) {
      this.#host.report(refusal.reason, { topic: filter, problem: refusal.problem })
    }
    if (answer !== undefined) this.#host.answer(answer)
    if (forwarded === undefined) return
    for (const { filter } of forwarded.subscriptions) this.#host.echoes?.subscribed(filter)
    const [first] = forwarded.subscriptions
    if (forwarded === packet) this.#forward(frame, packet)
    else this.#forwardBytes(encode(forwarded, this.#host.level))
    this.#lastFirstByte = frame.firstByte
    this.#last = `SUBSCRIBE to ${first?.filter}`
  }

  /** As it is, where its bytes may stay: those of MQTT 3.1, and a length longer than need be, are written anew. [MQTT-1.5.5-1] */
  #forward(frame: Frame, packet: Packet | undefined): void {
    const { level } = this.#host
    this.#lastFirstByte = frame.firstByte
    if (packet !== undefined) this.#last = packet.type.toUpperCase()
    const isOlder = level === 3 && (packet !== undefined || (frame.firstByte & 0x0e) === 0x08)
    if (hasShortestHeader(frame) && !isOlder) this.#host.forward(frame.buffer, frame.start, frame.end)
    else this.#forwardBytes(encode(packet ?? decode(frame, level), level === 3 ? 4 : level))
  }

  #forwardBytes(bytes: Buffer): void {
    this.#host.forward(bytes, 0, bytes.length)
  }
}

function isBare({ firstByte, buffer, bodyStart, end }: Frame): boolean {
  const hasId = end - bodyStart === bareLength && buffer.readUInt16BE(bodyStart) > 0
  return hasId && (firstByte & 0x0f) === 0
}

/** For what is acknowledged to the cluster in the client's place. */
export const pubackOf = (packetId: number): Buffer => bareAcknowledgement('puback', packetId)
