import { type Acknowledgement, decodeAcknowledgement, encodeAcknowledgement } from './acknowledgement.ts'
import type { Frame, ProtocolLevel } from './frame.ts'

/** PUBREC = 0x50 …: the receiver of a QoS 2 message owns it. Grammar: acknowledgement.ts. */
export type Pubrec = Acknowledgement<'pubrec'>

export function decodePubrec(frame: Frame, level: ProtocolLevel): Pubrec {
  return decodeAcknowledgement('pubrec', frame, level)
}

export function encodePubrec(packet: Pubrec, level: ProtocolLevel): Buffer {
  return encodeAcknowledgement(packet, level)
}
