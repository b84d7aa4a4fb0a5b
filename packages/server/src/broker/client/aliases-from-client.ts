import type { ReasonCode } from '@hatchway/protocol'

/**
 * The aliases that a client has set on this connection. A new connection starts without any. [MQTT-3.3.2-7]
 * Topics longer than `topicLength` are cut to one character more: nobody may publish to them, and they take no memory.
 */
export class AliasesFromClient {
  readonly #maximum: number
  readonly #topicLength: number
  readonly #topics = new Map<number, string>()

  constructor(maximum: number, topicLength: number) {
    this.#maximum = maximum
    this.#topicLength = topicLength
  }

  /** The topic of a PUBLISH that carries an alias, an empty `topic` being one to look up; undefined = a wrong alias. */
  resolve(alias: number, topic: string): string | undefined {
    if (!this.#isOffered(alias)) return undefined
    if (topic === '') return this.#topics.get(alias)
    const bounded = topic.slice(0, this.#topicLength + 1)
    this.#topics.set(alias, bounded) // [MQTT-3.3.2-12]
    return bounded
  }

  /** What is wrong with an alias that could not be resolved. [MQTT 5.0 section 3.3.4] */
  fault(alias: number): { reason: ReasonCode; problem: string } {
    if (this.#isOffered(alias)) {
      return { reason: 'protocol-error', problem: `topic alias ${alias} has not been set on this connection` }
    }
    const problem = `topic alias ${alias} is 0 or above the Topic Alias Maximum ${this.#maximum}`
    return { reason: 'topic-alias-invalid', problem }
  }

  #isOffered(alias: number): boolean {
    return alias > 0 && alias <= this.#maximum // [MQTT-3.3.2-8] [MQTT-3.3.2-9]
  }
}
