import type { ReasonCode } from '@hatchway/protocol'
import { decodePublish, type Framer, type Packet, type ProtocolLevel } from '../../mqtt/index.ts'
import { receivePublish } from './engine/inbound.ts'
import { Publication } from './publication.ts'
import type { Rights } from './rights.ts'
import { type Route, RouteCache } from './routes.ts'
import type { Session } from './session.ts'
import type { Subscriber } from './subscriber.ts'
import type { Publisher, Surroundings } from './surroundings.ts'

/** The connection that the messages come over. */
export interface IntakeHost extends Publisher {
  readonly session: Session
  readonly level: ProtocolLevel
  readonly hasEnded: boolean
  send(packet: Packet): void
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
  readonly #rights: Rights
  readonly #around: Surroundings
  readonly #routes: RouteCache<Subscriber>
  readonly #publication = new Publication()

  constructor(host: IntakeHost, rights: Rights, around: Surroundings) {
    const { cachedTopicsPerDevice, cachedTopicsPerApplication } = around.settings
    this.#host = host
    this.#rights = rights
    this.#around = around
    this.#routes = new RouteCache(host.identity.kind === 'device' ? cachedTopicsPerDevice : cachedTopicsPerApplication)
  }

  /** The framer stands on a PUBLISH. Throws MalformedPacket. */
  receive(framer: Framer): void {
    const host = this.#host
    const publication = this.#publication
    publication.read(framer, host.level)
    if (!this.#isSound()) return
    const { qos, packetId } = publication
    const route =
      this.#routes.find(publication.buffer, publication.topicStart, publication.topicEnd) ?? this.#add(framer)
    const verdict = receivePublish(host.session.state, publication, route.match !== undefined)
    this.#around.meter.messagesIn[qos]++
    if (verdict.route && route.match !== undefined) this.#around.route(publication, route.match, host)
    if (verdict.incident !== undefined) {
      this.#refuse(verdict, route)
    } else if (verdict.acknowledge !== undefined && !host.hasEnded) {
      host.acknowledge(firstBytes[verdict.acknowledge], packetId) // owned: routed or queued
    }
  }

  /** The topic is new on this connection: the codec checks its characters, and the rights say whether it may be used. */
  #add(framer: Framer): Route<Subscriber> {
    const { buffer, topicStart, topicEnd } = this.#publication
    const { topic } = decodePublish(framer, this.#host.level)
    const refusal = this.#rights.mayPublish(topic)
    const match = refusal === undefined ? this.#around.match(topic) : undefined
    const route = { topic, refusal, match }
    this.#routes.add(buffer.subarray(topicStart, topicEnd), route)
    return route
  }

  #isSound(): boolean {
    const { payloadStart, end, properties } = this.#publication
    const limit = this.#around.settings.payloadBytes
    if (end - payloadStart > limit) {
      this.#host.refuse('packet-too-large', `the payload has ${end - payloadStart} bytes, the limit is ${limit}`)
    } else if (properties?.topicAlias !== undefined) {
      this.#host.refuse('topic-alias-invalid', 'a topic alias is used although CONNACK allowed none') // [MQTT-3.3.2-9]
    } else if (properties?.subscriptionIdentifiers !== undefined) {
      this.#host.refuse('protocol-error', 'a PUBLISH from a client has a subscription identifier') // [MQTT-3.3.4-6]
    } else return true
    return false
  }

  #refuse({ incident, closes, acknowledge, reasonCode }: ReturnType<typeof receivePublish>, route: Route<Subscriber>) {
    if (incident === undefined) return
    const { topic, refusal } = route
    if (closes) {
      this.#host.refuse(incident, 'more QoS 2 messages are unreleased than CONNACK allows')
      return
    }
    this.#around.meter.dropped['not-allowed']++
    this.#host.report(incident, refusal === undefined ? { topic } : { topic, problem: refusal })
    if (acknowledge !== undefined) {
      this.#host.send({ type: acknowledge, packetId: this.#publication.packetId, reasonCode })
    }
  }
}
