import type { PublishBytes } from '../client/outbox.ts'
import { endOfInteger, integerAt, integerSize, writeInteger } from './wire-integer.ts'

/** Bytes of a Topic Alias property. */
const aliasSizeBytes = 3
/** Topics seen once that are remembered for each alias, so that a topic that comes again is known for one. */
const candidatesPerAlias = 4

/**
 * The aliases that are used towards a client that takes some. A topic gets one when it repeats; the first topics that
 * repeat keep theirs, so a client that hears of very many topics costs no more than one of few.
 */
export class AliasesToClient {
  readonly #maximum: number
  readonly #aliases = new Map<string, number>()
  #seenOnce: Set<string> | undefined = new Set()

  /** `maximum`: Topic Alias Maximum of the CONNECT, or less. [MQTT-3.3.2-11] */
  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /** The message as it goes to this client: `shape`, or a copy with an alias. Call it only for what is sent at once. */
  apply(topic: string, shape: PublishBytes, maxPacketSizeBytes: number): PublishBytes {
    const known = this.#aliases.get(topic)
    if (known !== undefined) return withAlias(shape, known, false)
    // The PUBLISH that sets the alias is a few bytes longer, its lengths included.
    if (!this.#isDue(topic) || shape.end - shape.start + aliasSizeBytes + 4 > maxPacketSizeBytes) return shape
    const alias = this.#aliases.size + 1
    this.#aliases.set(topic, alias)
    if (alias === this.#maximum) this.#seenOnce = undefined
    return withAlias(shape, alias, true)
  }

  #isDue(topic: string): boolean {
    const seenOnce = this.#seenOnce
    if (seenOnce === undefined) return false
    if (seenOnce.delete(topic)) return true
    if (seenOnce.size >= this.#maximum * candidatesPerAlias) seenOnce.clear()
    seenOnce.add(topic)
    return false
  }
}

/**
 * PUBLISH = FirstByte RemainingLength Topic:string [PacketIdentifier:uint16] PropertyLength *Property Payload
 *
 * The same PUBLISH of MQTT 5 with Topic Alias as its first property, and an empty topic unless it is kept.
 */
function withAlias(shape: PublishBytes, alias: number, keepsTopic: boolean): PublishBytes {
  const { buffer, start, end, packetIdOffset } = shape
  const topicStart = endOfInteger(buffer, start + 1)
  const topicEnd = topicStart + 2 + buffer.readUInt16BE(topicStart)
  const propertiesAt = packetIdOffset > 0 ? topicEnd + 2 : topicEnd
  const propertiesStart = endOfInteger(buffer, propertiesAt)
  const propertiesSize = integerAt(buffer, propertiesAt) + aliasSizeBytes
  const topicSize = keepsTopic ? topicEnd - topicStart : 2
  const idSize = packetIdOffset > 0 ? 2 : 0
  const remaining = topicSize + idSize + integerSize(propertiesSize) + aliasSizeBytes + end - propertiesStart
  const bytes = Buffer.allocUnsafe(1 + integerSize(remaining) + remaining)
  bytes[0] = buffer[start] ?? 0
  let at = writeInteger(bytes, 1, remaining)
  if (keepsTopic) at += buffer.copy(bytes, at, topicStart, topicEnd)
  else at = bytes.writeUInt16BE(0, at)
  const newPacketIdOffset = idSize > 0 ? at : 0
  at = writeInteger(bytes, at + idSize, propertiesSize)
  bytes[at] = 0x23
  at = bytes.writeUInt16BE(alias, at + 1)
  buffer.copy(bytes, at, propertiesStart, end)
  return { buffer: bytes, start: 0, end: bytes.length, packetIdOffset: newPacketIdOffset }
}
