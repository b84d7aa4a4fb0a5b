import { type Acknowledgement, decodeAcknowledgement, encodeAcknowledgement } from './acknowledgement.ts'
import type { Frame, ProtocolLevel } from './frame.ts'

/** PUBREL = 0x62 …: the sender of a QoS 2 message will not send it again. Grammar: acknowledgement.ts. */
export type Pubrel = Acknowledgement<'pubrel'>

export function decodePubrel(frame: Frame, level: ProtocolLevel): Pubrel {
  return decodeAcknowledgement('pubrel', frame, level)
}

export function encodePubrel(packet: Pubrel, level: ProtocolLevel): Buffer {
  return encodeAcknowledgement(packet, level)
}
