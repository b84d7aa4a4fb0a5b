/** What speaks, by its first bytes; `need-more` while both an answer and its opposite are possible. */
export type Speaker = 'tls' | 'mqtt' | 'http' | 'need-more' | 'unknown'

const tlsHandshakeRecord = 0x16
/** CONNECT; and SUBSCRIBE, UNSUBSCRIBE, PINGREQ and DISCONNECT, which may not come first and are refused as that. */
const mqttFirstBytes: ReadonlySet<number> = new Set([0x10, 0x82, 0xa2, 0xc0, 0xe0])
const httpGet = Buffer.from('GET ')

/** TLS begins with a handshake record, MQTT with CONNECT, a WebSocket with an HTTP GET. */
export function sniff(bytes: Uint8Array): Speaker {
  const first = bytes[0]
  if (first === undefined) return 'need-more'
  if (first === tlsHandshakeRecord) return 'tls'
  if (mqttFirstBytes.has(first)) return 'mqtt'
  for (let at = 0; at < httpGet.length; at++) {
    if (at === bytes.length) return 'need-more'
    if (bytes[at] !== httpGet[at]) return 'unknown'
  }
  return 'http'
}
