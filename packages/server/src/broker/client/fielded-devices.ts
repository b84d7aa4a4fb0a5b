import type { Frame, ProtocolLevel } from '../../mqtt/index.ts'
import type { AttachRequest, Identity } from '../port.ts'

/** UNSUBSCRIBE whose flags are 0000 instead of 0010. */
const bareUnsubscribe = 0xa0
const unsubscribe = 0xa2

/** What Link SDK C says of itself in the clientId. */
const linkSdkC = '_v=sdk-c-'

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

/**
 * Topic aliases that are offered to a client. None to Link SDK C: what it has published at QoS 1 it repeats on its next
 * connection byte by byte, every 3 seconds until it is acknowledged. A message with nothing but an alias, which is of the
 * connection before, would end each new connection; one that sets an alias would change what others mean.
 */
export function topicAliasesFor({ identity, connect }: AttachRequest, topicAliasMaximum: number): number {
  return identity.kind === 'device' && connect.clientId.includes(linkSdkC) ? 0 : topicAliasMaximum
}
