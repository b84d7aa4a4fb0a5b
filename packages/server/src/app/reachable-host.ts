import { isIPv6 } from 'node:net'

/** A host for URLs to show: one that reaches an address which was listened on. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return isIPv6(host) ? `[${host}]` : host
}
