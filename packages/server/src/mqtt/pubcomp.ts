import { type Acknowledgement, decodeAcknowledgement, encodeAcknowledgement } from './acknowledgement.ts'
import type { Frame, ProtocolLevel } from './frame.ts'

/** PUBCOMP = 0x70 …: the packet identifier of a QoS 2 message is free. Grammar: acknowledgement.ts. */
export type Pubcomp = Acknowledgement<'pubcomp'>

export function decodePubcomp(frame: Frame, level: ProtocolLevel): Pubcomp {
  return decodeAcknowledgement('pubcomp', frame, level)
}

export function encodePubcomp(packet: Pubcomp, level: ProtocolLevel): Buffer {
  return encodeAcknowledgement(packet, level)
}
