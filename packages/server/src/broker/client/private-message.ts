import { encode, type Publish } from '../../mqtt/index.ts'
import type { PrivateMessage } from '../port.ts'
import type { PacketReader } from './reason-strings.ts'

/** The PUBLISH for one client alone; undefined if the client takes no packet of that size. [MQTT-3.1.2-24] */
export function privatePublish(
  { topic, payload }: PrivateMessage,
  { level, maxPacketSizeBytes }: Pick<PacketReader, 'level' | 'maxPacketSizeBytes'>,
): Publish | undefined {
  const packet = { type: 'publish', topic, payload: Buffer.from(payload), qos: 0, retain: false, dup: false } as const
  return encode(packet, level).length > maxPacketSizeBytes ? undefined : packet
}
