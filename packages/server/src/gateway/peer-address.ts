import { BlockList, isIP } from 'node:net'

/** IPv4 as IPv4 also where it came in an IPv6 address. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/**
 * Whether an address is one of those listed, or in one of their networks.
 *
 * @param list IPv4 and IPv6 addresses, and networks as address/bits
 */
export function addressMatcher(list: readonly string[]): (address: string) => boolean {
  const listed = new BlockList()
  for (const item of list) {
    const [address = '', bits] = item.split('/')
    if (bits === undefined) listed.addAddress(address, familyOf(address))
    else listed.addSubnet(address, Number(bits), familyOf(address))
  }
  return address => listed.check(address, familyOf(address))
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6')
