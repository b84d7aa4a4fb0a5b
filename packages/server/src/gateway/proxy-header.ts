import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { plainAddress } from './peer-address.ts'

/** What a load balancer says of a connection before its first bytes, as far as they are there. */
export type ProxyHeader =
  | { kind: 'need-more' }
  | { kind: 'malformed'; problem: string }
  /** `address` is null where the sender speaks for itself (a health check) or knows no IP address. */
  | { kind: 'whole'; sizeBytes: number; address: string | null }

const needMore: ProxyHeader = { kind: 'need-more' }
const malformed = (problem: string): ProxyHeader => ({ kind: 'malformed', problem })

const textPrefix = Buffer.from('PROXY ')
/** The longest line that version 1 allows, UNKNOWN with two IPv6 addresses, with its CR LF. */
const maxTextBytes = 107
const carriageReturn = 0x0d
const lineFeed = 0x0a

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n')
const fixedBytes = 16
/** Addresses and a few TLVs; a sender that passes on a whole certificate is the largest that is seen. */
export const maxProxyHeaderBytes = 4096
const commands = { local: 0x20, proxy: 0x21 } as const
/** Family and transport, with the length of their addresses. Those that hold no address of a TCP peer are passed over. */
const addressBytes: ReadonlyMap<number, number> = new Map([
  [0x00, 0], // unspecified
  [0x11, 12], // TCP over IPv4
  [0x12, 12], // UDP over IPv4
  [0x21, 36], // TCP over IPv6
  [0x22, 36], // UDP over IPv6
  [0x31, 216], // UNIX stream
  [0x32, 216], // UNIX datagram
])

/**
 * Reads the header of the PROXY protocol that a connection begins with.
 *
 * ```
 * version 1   "PROXY " ("TCP4" | "TCP6") " " source " " destination " " source-port " " destination-port CR LF
 *             "PROXY UNKNOWN" anything CR LF
 * version 2   signature[12]  version-and-command[1]  family-and-transport[1]  length[2]  addresses  TLVs
 *             length counts addresses and TLVs; addresses are source, destination, source port, destination port
 * ```
 *
 * @param bytes all bytes of the connection so far; what is behind the header is not looked at
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsAs(textPrefix, bytes)) return readText(bytes)
  if (beginsAs(signature, bytes)) return readBinary(bytes)
  return malformed('it does not begin with one')
}

/** As far as there are bytes. */
function beginsAs(prefix: Buffer, bytes: Buffer): boolean {
  const length = Math.min(prefix.length, bytes.length)
  return bytes.subarray(0, length).equals(prefix.subarray(0, length))
}

function readText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, maxTextBytes).indexOf(lineFeed)
  if (end === -1)
    return bytes.length < maxTextBytes ? needMore : malformed(`its line is longer than ${maxTextBytes} bytes`)
  if (bytes[end - 1] !== carriageReturn) return malformed('its line does not end with CR LF')
  const fields = bytes.toString('latin1', textPrefix.length, end - 1).split(' ')
  const problem = fields[0] === 'UNKNOWN' ? undefined : problemOfFields(fields)
  if (problem !== undefined) return malformed(problem)
  return { kind: 'whole', sizeBytes: end + 1, address: fields[0] === 'UNKNOWN' ? null : sameText(fields[1] ?? '') }
}

function problemOfFields([protocol, ...values]: readonly string[]): string | undefined {
  if (protocol !== 'TCP4' && protocol !== 'TCP6') return 'it names a protocol other than TCP4, TCP6 and UNKNOWN'
  const [source = '', destination = '', ...ports] = values
  if (ports.length !== 2) return 'its line is not two addresses and two ports, one space before each'
  const isAddress = protocol === 'TCP4' ? isIPv4 : isIPv6WithoutZone
  if (!isAddress(source) || !isAddress(destination)) return `an address is none of ${protocol}`
  return ports.every(isPort) ? undefined : 'a port is not a number from 0 to 65535'
}

const isIPv6WithoutZone = (text: string): boolean => isIPv6(text) && !text.includes('%')
const isPort = (text: string): boolean => /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < fixedBytes) return needMore
  const command = bytes.readUInt8(12)
  const family = bytes.readUInt8(13)
  const length = bytes.readUInt16BE(14)
  const sizeBytes = fixedBytes + length
  if (command !== commands.local && command !== commands.proxy)
    return malformed('its version is not 2, or its command neither LOCAL nor PROXY')
  if (sizeBytes > maxProxyHeaderBytes) return malformed(`it is longer than ${maxProxyHeaderBytes} bytes`)
  if (command === commands.proxy) {
    const neededBytes = addressBytes.get(family)
    if (neededBytes === undefined) return malformed('its address family or transport is unknown')
    if (length < neededBytes) return malformed('it is too short for its addresses')
  }
  if (bytes.length < sizeBytes) return needMore
  const address = command === commands.proxy ? sourceOf(family, bytes) : null
  return { kind: 'whole', sizeBytes, address }
}

function sourceOf(family: number, bytes: Buffer): string | null {
  if (family === 0x11) return bytes.subarray(fixedBytes, fixedBytes + 4).join('.')
  if (family !== 0x21) return null
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(fixedBytes + 2 * index).toString(16))
  return sameText(groups.join(':'))
}

/** One spelling for each address: connections are counted by it. */
function sameText(address: string): string {
  return isIPv4(address) ? address : plainAddress(new SocketAddress({ address, family: 'ipv6' }).address)
}
