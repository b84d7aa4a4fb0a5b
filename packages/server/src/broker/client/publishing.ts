import type { ReasonCode } from '@hatchway/protocol'
import type { Identity } from '../port.ts'
import { AliasesFromClient } from './aliases-from-client.ts'
import type { ClientLimits } from './client-limits.ts'
import type { PublishHead } from './publish-head.ts'
import { TopicCache } from './topic-cache.ts'

/** The connection that a client publishes over. */
export interface PublishingClient {
  readonly identity: Identity
  /** Ends the connection over what the client did. */
  refuse(reason: ReasonCode, problem: string): void
}

/**
 * The part of reading a client's messages that is the same whatever the broker behind. `Found` is what the broker knows of a topic
 * once it was published to.
 */
export class Publishing<Found> {
  readonly topics: TopicCache<Found>
  readonly #client: PublishingClient
  readonly #limits: ClientLimits
  #aliases: AliasesFromClient | undefined

  constructor(client: PublishingClient, limits: ClientLimits) {
    const { cachedTopicsPerDevice, cachedTopicsPerApplication } = limits
    this.#client = client
    this.#limits = limits
    this.topics = new TopicCache(client.identity.kind === 'device' ? cachedTopicsPerDevice : cachedTopicsPerApplication)
  }

  /** False if the connection was ended over the message. */
  isSound({ payloadStart, end, properties }: PublishHead): boolean {
    const limit = this.#limits.payloadBytes
    if (end - payloadStart > limit) {
      this.#client.refuse('packet-too-large', `the payload has ${end - payloadStart} bytes, the limit is ${limit}`)
    } else if (properties?.subscriptionIdentifiers !== undefined) {
      this.#client.refuse('protocol-error', 'a PUBLISH from a client has a subscription identifier') // [MQTT-3.3.4-6]
    } else return true
    return false
  }

  /** The topic of a PUBLISH that carries an alias; undefined if the connection was ended because the alias is wrong. */
  aliased(alias: number, topic: string, topicAliasMaximum: number): string | undefined {
    this.#aliases ??= this.#newAliases(topicAliasMaximum)
    const resolved = this.#aliases.resolve(alias, topic)
    if (resolved === undefined) {
      const { reason, problem } = this.#aliases.fault(alias)
      this.#client.refuse(reason, problem)
    }
    return resolved
  }

  #newAliases(topicAliasMaximum: number): AliasesFromClient {
    const { deviceTopics, applicationTopics } = this.#limits
    const { maxBytes } = this.#client.identity.kind === 'device' ? deviceTopics : applicationTopics
    return new AliasesFromClient(topicAliasMaximum, 2 * maxBytes) // `/ext/rrpc/{messageId}` may take as much again
  }
}
