import type { Frame, ProtocolLevel } from '../../mqtt/index.ts'
import type { Identity } from '../port.ts'

/** UNSUBSCRIBE whose flags are 0000 instead of 0010. */
const bareUnsubscribe = 0xa0
const unsubscribe = 0xa2

/** A frame that its reader may change. */
export type OwnFrame = { -readonly [Field in keyof Frame]: Frame[Field] }

/**
 * Link SDK C 4.x sends UNSUBSCRIBE below MQTT 5 with flags of 0000. Closing over it [MQTT-3.10.1-1] would cut a device
 * off whose firmware can't be changed, so that its packet is put right, in place; other clients are held to the letter.
 */
export function mendFieldedFlags(frame: OwnFrame, level: ProtocolLevel, { kind }: Identity): void {
  if (frame.firstByte !== bareUnsubscribe || level === 5 || kind !== 'device') return
  frame.firstByte = unsubscribe
  frame.buffer[frame.start] = unsubscribe
}
