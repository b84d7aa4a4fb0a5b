import type { PacketType } from './frame.ts'

/** The MQTT 5 reason codes with which a packet can fail to decode. */
export type MalformedReasonCode = 0x81 | 0x82 | 0x84 | 0x94 | 0x95

/**
 * A peer sent bytes that are not a good packet. The only error that decoding and framing throw.
 *
 * `reasonCode` is the MQTT 5 code to close with: 0x81 malformed, 0x82 protocol error, 0x84 unsupported protocol
 * version, 0x94 topic alias invalid, 0x95 packet too large. `protocolLevel` is the level that the bytes were read at;
 * for CONNECT it is the raw level byte that the peer asked for (with 0x84 it can be any byte), and undefined when the
 * bytes broke off before it. Answer in MQTT 5's format only when its lower seven bits are 5 or more.
 */
export class MalformedPacket extends Error {
  override readonly name = 'MalformedPacket'
  readonly reasonCode: MalformedReasonCode
  readonly packetType: PacketType
  readonly protocolLevel: number | undefined

  constructor(packetType: PacketType, reasonCode: MalformedReasonCode, problem: string, protocolLevel?: number) {
    super(`${packetType.toUpperCase()}: ${problem}`)
    this.packetType = packetType
    this.reasonCode = reasonCode
    this.protocolLevel = protocolLevel
  }
}
