import type { ReasonCode } from '@hatchway/protocol'
import { decodePublish, encodePublish, type Framer, type Packet, type ProtocolLevel } from '../../mqtt/index.ts'
import { Publishing } from '../client/publishing.ts'
import type { Receipt } from './durable/receipt.ts'
import { type PublishVerdict, receivePublish } from './engine/inbound.ts'
import { Publication } from './publication.ts'
import type { Session } from './session.ts'
import type { Publisher, Subscriber } from './subscriber.ts'
import type { Surroundings } from './surroundings.ts'
import type { Match } from './topic-tree.ts'

/** What a connection has found out about a topic it publishes to. */
interface Route {
  readonly topic: string
  /** Whether it may publish there; if not, why. */
  readonly refusal: string | undefined
  readonly match: Match<Subscriber> | undefined
}

/** The connection that the messages come over. */
export interface IntakeHost extends Publisher {
  readonly session: Session
  readonly level: ProtocolLevel
  readonly hasEnded: boolean
  /** Sends a packet when the receipt is done, and after all that is owed already. */
  owe(packet: Packet, receipt: Receipt | undefined): void
  /** Sends the four bytes of a successful acknowledgement. */
  acknowledge(firstByte: number, packetId: number): void
  /** Ends the connection over what the client did. */
  refuse(reason: ReasonCode, problem: string): void
  report(reason: ReasonCode, what: { topic: string; problem?: string }): void
}

const firstBytes = { puback: 0x40, pubrec: 0x50 } as const

/** A client's messages: read in place, checked, routed, and only then acknowledged. The hot path of the broker. */
export class PublishIntake {
  readonly #host: IntakeHost
  readonly #around: Surroundings
  readonly #publishing: Publishing<Route>

  constructor(host: IntakeHost, around: Surroundings) {
    this.#host = host
    this.#around = around
    this.#publishing = new Publishing(host, around.settings)
  }

  /** The framer stands on a PUBLISH. Throws MalformedPacket. */
  receive(framer: Framer): void {
    const host = this.#host
    let publication = this.#around.reading.publication
    publication.read(framer, host.level)
    if (!this.#publishing.isSound(publication)) return
    if (publication.properties?.topicAlias !== undefined) {
      const unaliased = this.#unalias(framer)
      if (unaliased === undefined) return
      publication = unaliased
    }
    const { qos, packetId } = publication
    const route =
      this.#publishing.topics.find(publication.buffer, publication.topicStart, publication.topicEnd) ??
      this.#add(framer, publication)
    // Only MQTT 5 has a way to say that there is no room, and only with an acknowledgement.
    const full = publication.retain ? this.#around.retention.refusal(route.topic, publication) : undefined
    const isRefused = route.match === undefined || (full !== undefined && qos > 0 && host.level === 5)
    const verdict = receivePublish(host.session.state, publication, !isRefused)
    this.#around.meter.messagesIn[qos]++
    let taken = 0
    if (verdict.route && route.match !== undefined) {
      taken = this.#around.router.route(publication, route.match, host)
      if (full !== undefined) host.report('retained-limit', { topic: route.topic, problem: full })
    }
    if (verdict.incident !== undefined) {
      this.#refuse(verdict, route, full)
    } else if (verdict.acknowledge !== undefined && !host.hasEnded) {
      const { receipt, isRefused } = publication
      if (receipt === undefined && !isRefused && !(qos === 2 && host.session.isDurable)) {
        host.acknowledge(firstBytes[verdict.acknowledge], packetId) // owned: routed or queued
      } else this.#acknowledgeStored(publication, verdict.acknowledge, { isNew: verdict.route, taken })
    }
  }

  /** The message, or that it came, is to be stored first. */
  #acknowledgeStored(
    { packetId, qos, receipt, isRefused, retain }: Publication,
    type: 'puback' | 'pubrec',
    { isNew, taken }: { isNew: boolean; taken: number },
  ): void {
    const { session, level } = this.#host
    // Nobody took it: the client may know that, if it speaks a version that can be told. Its topic did if it is retained
    // (0x97 would say that nothing of it was done): full queues are then only those of sessions that miss it.
    if (isRefused && taken === 0 && level === 5 && !retain) {
      session.state.unreleased.delete(packetId)
      this.#host.owe({ type, packetId, reasonCode: 0x97, properties: { reasonString: 'the queue is full' } }, undefined)
      return
    }
    const isOnceOnly = qos === 2 && session.isDurable
    const stored = isOnceOnly && isNew ? session.received(packetId, receipt) : receipt
    // A repeated one may be acknowledged when the first is stored.
    const awaited = isOnceOnly && !isNew ? this.#around.ledger.barrier() : stored
    this.#host.owe({ type, packetId, reasonCode: 0 }, awaited)
  }

  /** The topic is new on this connection: the codec checks its characters, and the rights say whether it may be used. */
  #add(framer: Framer, publication: Publication): Route {
    const { buffer, topicStart, topicEnd } = publication
    const { topic } =
      publication === this.#around.reading.publication ? decodePublish(framer, this.#host.level) : publication
    const refusal = this.#host.session.state.rights.mayPublish(topic)
    const match = refusal === undefined ? this.#around.router.match(topic) : undefined
    const route = { topic, refusal, match }
    this.#publishing.topics.add(buffer.subarray(topicStart, topicEnd), route)
    return route
  }

  /** The message as it would be without its alias: no other connection knows it. Undefined if the alias is wrong. */
  #unalias(framer: Framer): Publication | undefined {
    const packet = decodePublish(framer, 5)
    const { topicAlias = 0, ...properties } = packet.properties ?? {}
    const { topicAliasMaximum } = this.#around.settings
    const topic = this.#publishing.aliased(topicAlias, packet.topic, topicAliasMaximum)
    if (topic === undefined) return undefined
    const publication = Publication.of(encodePublish({ ...packet, topic, properties }, 5), 5)
    publication.topic = topic
    return publication
  }

  #refuse(
    { incident, closes, acknowledge, reasonCode }: PublishVerdict,
    { topic, refusal }: Route,
    full: string | undefined,
  ): void {
    if (incident === undefined) return
    if (closes) {
      this.#host.refuse(incident, 'more QoS 2 messages are unreleased than CONNACK allows')
      return
    }
    const isFull = refusal === undefined && full !== undefined
    const problem = refusal ?? full
    this.#around.meter.dropped[isFull ? 'retained-limit' : 'not-allowed']++
    this.#host.report(isFull ? 'retained-limit' : incident, problem === undefined ? { topic } : { topic, problem })
    if (acknowledge === undefined) return
    const { packetId } = this.#around.reading.publication
    const properties = problem === undefined ? undefined : { reasonString: problem }
    this.#host.owe({ type: acknowledge, packetId, reasonCode: isFull ? 0x97 : reasonCode, properties }, undefined)
  }
}
