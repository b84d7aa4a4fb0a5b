import { type Connect, encode, type Packet, type ProtocolLevel } from '../../mqtt/index.ts'

/** Who reads the packets: what may be told to it, and how much. */
export interface PacketReader {
  readonly level: ProtocolLevel
  readonly maxPacketSizeBytes: number
  /** It wants reason strings on every packet; else only DISCONNECT and CONNACK may have one. [MQTT-3.1.2-29] */
  readonly wantsProblems: boolean
}

export function wantsProblems({ properties }: Connect): boolean {
  return properties?.requestProblemInformation ?? true
}

/** The packet's bytes; its reason string is left out where the client does not want it, or has no room for it. */
export function encodeFor(packet: Packet, reader: PacketReader): Buffer {
  const { level, maxPacketSizeBytes, wantsProblems } = reader
  if (!('properties' in packet) || packet.properties === undefined || !('reasonString' in packet.properties)) {
    return encode(packet, level)
  }
  const { reasonString: _left, ...properties } = packet.properties
  const without = { ...packet, properties } as Packet // the same packet, less one optional property
  if (!wantsProblems && packet.type !== 'disconnect' && packet.type !== 'connack') return encode(without, level)
  const bytes = encode(packet, level)
  return bytes.length > maxPacketSizeBytes ? encode(without, level) : bytes // [MQTT-3.4.2-2] [MQTT-3.9.2-1]
}
