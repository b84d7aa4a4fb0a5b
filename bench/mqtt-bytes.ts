import mqttPacket from 'mqtt-packet'

/** What the generators of load send, built beforehand, and what they understand of the answers: just enough to count. */

export const PAYLOAD_BYTES = 100
const VARIABLE_LENGTH_BYTES = 4
const CONNACK = 2
const PUBLISH = 3
const PUBACK = 4
/** The payload begins with who sent it (uint32) and when, or which message it is (float64). */
const SENDER_OFFSET = 0
const STAMP_OFFSET = 4

export interface Login {
  clientId: string
  userName?: string
  password?: string
}

/** All of one length, so that all topics are. */
export const deviceNameOf = (index: number): string => `bench${String(index).padStart(5, '0')}`

export function connectBytes({ clientId, userName, password }: Login, clean = true, keepalive = 0): Buffer {
  const credentials = userName === undefined ? {} : { username: userName, password: Buffer.from(password ?? '') }
  const base = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4 } as const
  return mqttPacket.generate({ ...base, clean, keepalive, clientId, ...credentials })
}

export function subscribeBytes(filter: string, qos: 0 | 1, packetId = 1): Buffer {
  return mqttPacket.generate({ cmd: 'subscribe', messageId: packetId, subscriptions: [{ topic: filter, qos }] })
}

export function publishBytes(topic: string, { qos, sender }: { qos: 0 | 1; sender: number }): Buffer {
  const payload = Buffer.alloc(PAYLOAD_BYTES, 0x2e)
  payload.writeUInt32BE(sender, SENDER_OFFSET)
  return mqttPacket.generate({
    cmd: 'publish',
    topic,
    payload,
    qos,
    retain: false,
    dup: false,
    ...(qos === 0 ? {} : { messageId: 1 }),
  })
}

/** Writes a packet identifier and a stamp into a PUBLISH that `publishBytes` made. */
export function stampPublish(publish: Buffer, { packetId, stamp }: { packetId: number; stamp: number }): void {
  const payloadAt = publish.length - PAYLOAD_BYTES
  if (((publish[0] ?? 0) & 0x06) > 0) publish.writeUInt16BE(packetId, payloadAt - 2)
  publish.writeDoubleBE(stamp, payloadAt + STAMP_OFFSET)
}

/** So many copies of a PUBLISH in one piece, for one write; at QoS 1 with packet identifiers from `firstId` on. */
export function repeatPublish(publish: Buffer, count: number, firstId: number): Buffer {
  const copies = Array.from({ length: count }, (_, index) => {
    const copy = Buffer.from(publish)
    stampPublish(copy, { packetId: firstId + index, stamp: 0 })
    return copy
  })
  return Buffer.concat(copies)
}

export const senderOf = (buffer: Buffer, end: number): number =>
  buffer.readUInt32BE(end - PAYLOAD_BYTES + SENDER_OFFSET)
export const stampOf = (buffer: Buffer, end: number): number => buffer.readDoubleBE(end - PAYLOAD_BYTES + STAMP_OFFSET)
export const packetIdOf = (buffer: Buffer, end: number): number => buffer.readUInt16BE(end - PAYLOAD_BYTES - 2)

export const pubackBytes = (packetId: number): Buffer => Buffer.from([0x40, 2, packetId >> 8, packetId & 0xff])
export const DISCONNECT_BYTES: Uint8Array = Uint8Array.of(0xe0, 0)
export const PINGREQ_BYTES: Uint8Array = Uint8Array.of(0xc0, 0)

export interface PacketHandler {
  /** A PUBLISH whose payload of PAYLOAD_BYTES ends there. */
  onPublish(buffer: Buffer, end: number, qos: number): void
  onPuback(packetId: number): void
  /** Any other packet; `code` is the byte that says whether CONNACK and SUBACK are good, `flags` the first of CONNACK. */
  onOther(type: number, code: number, flags: number): void
}

const LARGEST_PACKET_BYTES = 1024

/** Cuts a stream of small packets at their lengths. Nothing is copied but a packet that two chunks share. */
export class PacketCounter {
  readonly #handler: PacketHandler
  readonly #carried = Buffer.alloc(LARGEST_PACKET_BYTES)
  #carriedBytes = 0

  constructor(handler: PacketHandler) {
    this.#handler = handler
  }

  /** Bytes of the stream; the buffer may be used again afterwards. Throws RangeError at a packet above 1024 bytes. */
  feed(chunk: Buffer, length = chunk.length): void {
    let at = 0
    while (this.#carriedBytes > 0) {
      const size = packetSize(this.#carried, 0, this.#carriedBytes)
      // Without its length known, one byte more; else what it lacks.
      const lacks = size === 0 ? 1 : size - this.#carriedBytes
      const taken = Math.min(lacks, length - at)
      chunk.copy(this.#carried, this.#carriedBytes, at, at + taken)
      this.#carriedBytes += taken
      at += taken
      if (packetSize(this.#carried, 0, this.#carriedBytes) === this.#carriedBytes) {
        this.#handle(this.#carried, 0, this.#carriedBytes)
        this.#carriedBytes = 0
      } else if (at >= length) return
    }
    for (;;) {
      const size = packetSize(chunk, at, length)
      if (size === 0 || at + size > length) break
      this.#handle(chunk, at, at + size)
      at += size
    }
    chunk.copy(this.#carried, 0, at, length)
    this.#carriedBytes = length - at
  }

  #handle(buffer: Buffer, start: number, end: number): void {
    const first = buffer[start] ?? 0
    const type = first >> 4
    if (type === PUBLISH) this.#handler.onPublish(buffer, end, (first >> 1) & 3)
    else if (type === PUBACK) this.#handler.onPuback(buffer.readUInt16BE(start + 2))
    else if (type === CONNACK) this.#handler.onOther(type, buffer[start + 3] ?? 0, buffer[start + 2] ?? 0)
    else this.#handler.onOther(type, buffer[end - 1] ?? 0, 0)
  }
}

/** The whole packet's size; 0 while its length is not whole. */
function packetSize(buffer: Buffer, start: number, end: number): number {
  let length = 0
  for (let at = start + 1; at < end && at <= start + VARIABLE_LENGTH_BYTES; at++) {
    const byte = buffer[at] ?? 0
    length |= (byte & 0x7f) << (7 * (at - start - 1))
    if (byte < 0x80) {
      const size = at + 1 - start + length
      if (size > LARGEST_PACKET_BYTES) throw new RangeError(`a packet of ${size} bytes`)
      return size
    }
  }
  return 0
}
