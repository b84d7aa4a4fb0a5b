import { type Connect, decodeConnect, Framer, MalformedPacket } from '../mqtt/index.ts'
import type { ExplainInput } from './admission.ts'
import { mayBeNamed } from './attempt.ts'
import { readHexDump, UnreadableDump } from './hex-dump.ts'

const CONNECT = 0x10
const TLS_HANDSHAKE = 0x16
const MAX_REMAINING_LENGTH_BYTES = 4
/** `MQTT` and `MQIsdp` as CONNECT carries them, behind their lengths. */
const PROTOCOL_NAMES = [Buffer.from('\0\x04MQTT', 'latin1'), Buffer.from('\0\x06MQIsdp', 'latin1')]

/**
 * The CONNECT in a hexadecimal dump. What stands before it (headers of Ethernet, IP, TCP or WebSocket in a capture) and
 * behind it is passed over.
 *
 * @throws UnreadableDump
 */
export function readConnectDump(dump: string): Connect {
  const bytes = readHexDump(dump)
  const start = startOfConnect(bytes)
  if (start === -1) throw noConnect(bytes)
  const framer = new Framer({ maxPacketSizeBytes: Number.POSITIVE_INFINITY })
  framer.push(bytes.subarray(start))
  try {
    if (framer.next()) return decodeConnect(framer)
  } catch (error) {
    if (!(error instanceof MalformedPacket)) throw error
    throw new UnreadableDump(`The CONNECT is malformed: ${error.message}`, 'correct the packet that the device sends')
  }
  const problem = `The CONNECT is cut off: the dump ends ${bytes.length - start} bytes after its start`
  throw new UnreadableDump(problem, 'give the dump of the whole packet')
}

/** What there is to explain of a whole CONNECT. */
export const explainInputOf = (connect: Connect): ExplainInput => ({
  clientId: connect.clientId,
  userName: connect.userName,
  password: connect.password,
  keepAliveSeconds: connect.keepAliveSeconds,
  mayBeNamed: mayBeNamed(connect),
})

function startOfConnect(bytes: Buffer): number {
  if (bytes[0] === CONNECT) return 0
  for (const name of PROTOCOL_NAMES) {
    for (let at = bytes.indexOf(name); at !== -1; at = bytes.indexOf(name, at + 1)) {
      for (let before = 2; before <= 1 + MAX_REMAINING_LENGTH_BYTES; before++) {
        if (bytes[at - before] === CONNECT && endsLengthAt(bytes, at - 1)) return at - before
      }
    }
  }
  return -1
}

const endsLengthAt = (bytes: Buffer, at: number): boolean => (bytes[at] ?? 0x80) < 0x80

function noConnect(bytes: Buffer): UnreadableDump {
  if (bytes[0] === TLS_HANDSHAKE) {
    return new UnreadableDump(
      'The bytes are a TLS record, and what is in it is encrypted',
      'dump the CONNECT in the device before it is encrypted, or give clientId, userName and password',
    )
  }
  if (bytes.length % 2 === 0 && startOfConnect(Buffer.from(bytes).swap16()) !== -1) {
    return new UnreadableDump(
      'The bytes stand in pairs the wrong way round, as hexdump writes them where it is asked for nothing else',
      'give the output of hexdump -C',
    )
  }
  const first = bytes.subarray(0, 4).toString('hex')
  return new UnreadableDump(
    `There is no MQTT CONNECT in these ${bytes.length} bytes, which start with ${first}`,
    'dump the first packet that the device sends; it starts with 10',
  )
}
