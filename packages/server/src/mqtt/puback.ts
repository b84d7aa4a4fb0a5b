import { type Acknowledgement, decodeAcknowledgement, encodeAcknowledgement } from './acknowledgement.ts'
import type { Frame, ProtocolLevel } from './frame.ts'

/** PUBACK = 0x40 …: the receiver of a QoS 1 message owns it. Grammar: acknowledgement.ts. */
export type Puback = Acknowledgement<'puback'>

export function decodePuback(frame: Frame, level: ProtocolLevel): Puback {
  return decodeAcknowledgement('puback', frame, level)
}

export function encodePuback(packet: Puback, level: ProtocolLevel): Buffer {
  return encodeAcknowledgement(packet, level)
}
