/** Packets that a client never sends after its CONNECT. */
export type MisplacedPacket = 'connect' | 'auth' | 'connack' | 'suback' | 'unsuback' | 'pingresp'

/** What is wrong with one, in words for the operator. */
export function misplaced(type: MisplacedPacket): string {
  if (type === 'connect') return 'a second CONNECT came on the connection' // [MQTT-3.1.0-2]
  if (type === 'auth') return 'AUTH came although CONNECT had no authentication method' // [MQTT-4.12.0-7]
  return `${type.toUpperCase()} came from the client; only a server sends it`
}
