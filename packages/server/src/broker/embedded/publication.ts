import { type Frame, Framer, hasShortestHeader, type ProtocolLevel } from '../../mqtt/index.ts'
import type { PublishBytes } from '../client/outbox.ts'
import { PublishHead } from '../client/publish-head.ts'
import type { HeldMessage } from './durable/held-message.ts'
import type { Receipt } from './durable/receipt.ts'
import { endOfInteger, integerSize, writeInteger } from './wire-integer.ts'

/** How a PUBLISH looks on the wire: MQTT 3.1 and 3.1.1 write the same bytes, MQTT 5 adds properties. */
export type Wire = 0 | 1

export function wireOf(level: ProtocolLevel): Wire {
  return level === 5 ? 1 : 0
}

const noBytes = Buffer.alloc(0)

/**
 * A message on its way: the PUBLISH it came in, read in place, and on demand the shapes in which subscribers get it. There
 * are four of them (two wire formats, with and without a packet identifier); each is built at most once, and the one that
 * looks like the original is the original.
 *
 * One object serves all messages of a connection: it is valid until the next `read`, and `keep` makes a copy that stays.
 */
export class Publication extends PublishHead {
  /** Set by whoever routes it. */
  topic = ''
  wire: Wire = 0
  /** Milliseconds since 1970, 0 = never; set on a copy that waits, or that is retained. */
  expiresAtMs = 0
  /** What the store knows of it; on a copy that waits. */
  held: HeldMessage | undefined
  /** When it is stored as its topic's retained message. */
  retention: Receipt | undefined
  /** A session had no room for it. */
  isRefused = false
  #forwardable = false
  #shapes: (PublishBytes | undefined)[] | undefined
  #kept: Publication | undefined

  override read(frame: Frame, level: ProtocolLevel): void {
    super.read(frame, level)
    this.wire = wireOf(level)
    this.#forwardable = hasShortestHeader(frame)
    this.isRefused = false
    this.retention = undefined
    this.#shapes = undefined
    this.#kept = undefined
  }

  /** A message whose PUBLISH is in memory of its own. */
  static of(bytes: Buffer, level: ProtocolLevel): Publication {
    const framer = new Framer({ maxPacketSizeBytes: bytes.length })
    framer.push(bytes)
    if (!framer.next()) throw new RangeError('the bytes are not a whole packet')
    const publication = new Publication()
    publication.read(framer, level)
    publication.#kept = publication
    return publication
  }

  /** When the sessions that outlive their connections, and its topic, have it for good; undefined = none took it. */
  get receipt(): Receipt | undefined {
    return this.retention ?? this.#kept?.held?.receipt
  }

  /** The message for subscribers of one wire format, with or without a packet identifier. */
  shape(wire: Wire, withPacketId: boolean): PublishBytes {
    if (wire === this.wire && withPacketId === this.packetIdOffset > 0 && this.#forwardable) return this
    const index = wire * 2 + (withPacketId ? 1 : 0)
    this.#shapes ??= [undefined, undefined, undefined, undefined]
    const known = this.#shapes[index]
    if (known !== undefined) return known
    const shape = this.#build(wire, withPacketId, noBytes)
    this.#shapes[index] = shape
    return shape
  }

  /** The message for an MQTT 5 subscriber whose subscriptions have identifiers. [MQTT-3.3.4-3] */
  shapeWithIdentifiers(identifiers: readonly number[], withPacketId: boolean): PublishBytes {
    return this.#build(1, withPacketId, identifierProperties(identifiers))
  }

  /** The same message in memory of its own, for a queue; all queues share one copy. */
  keep(): Publication {
    if (this.#kept !== undefined) return this.#kept
    const kept = new Publication()
    const { start } = this
    kept.buffer = Buffer.from(this.buffer.subarray(start, this.end))
    kept.end = kept.buffer.length
    kept.firstByte = this.firstByte
    kept.topicStart = this.topicStart - start
    kept.topicEnd = this.topicEnd - start
    kept.payloadStart = this.payloadStart - start
    kept.topic = this.topic
    kept.qos = this.qos
    kept.wire = this.wire
    kept.packetIdOffset = this.packetIdOffset
    kept.properties = this.properties
    kept.expiresAtMs = this.expiresAtMs
    kept.propertiesStart = this.propertiesStart - start
    kept.#forwardable = this.#forwardable
    kept.#kept = kept
    this.#kept = kept
    return kept
  }

  /** `added` goes in front of the properties. */
  #build(wire: Wire, withPacketId: boolean, added: Buffer): PublishBytes {
    const { buffer, topicStart, topicEnd, payloadStart, end } = this
    const propertiesStart = wire === 1 && this.wire === 1 ? endOfInteger(buffer, this.propertiesStart) : payloadStart
    const propertiesSize = added.length + payloadStart - propertiesStart
    const topicSize = topicEnd - topicStart + 2
    const headed = topicSize + (withPacketId ? 2 : 0) + (wire === 1 ? integerSize(propertiesSize) : 0)
    const remainingLength = headed + propertiesSize + end - payloadStart
    const bytes = Buffer.allocUnsafe(1 + integerSize(remainingLength) + remainingLength)
    bytes[0] = 0x30
    let at = writeInteger(bytes, 1, remainingLength)
    at += buffer.copy(bytes, at, topicStart - 2, topicEnd)
    const packetIdOffset = withPacketId ? at : 0
    if (withPacketId) at += 2
    if (wire === 1) at = writeInteger(bytes, at, propertiesSize)
    at += added.copy(bytes, at)
    buffer.copy(bytes, at, propertiesStart, end) // properties and payload
    return { buffer: bytes, start: 0, end: bytes.length, packetIdOffset }
  }
}

function identifierProperties(identifiers: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(identifiers.length * 5)
  let at = 0
  for (const identifier of identifiers) {
    bytes[at] = 0x0b
    at = writeInteger(bytes, at + 1, identifier)
  }
  return bytes.subarray(0, at)
}
