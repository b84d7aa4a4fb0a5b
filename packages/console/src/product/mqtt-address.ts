import type { System } from '../api/types.ts'

const DEFAULT_PORT = 1883
const LOCAL = ['localhost', '127.0.0.1', '::1', '0.0.0.0']

/** Whether only a device on the server's own machine reaches it by this host. */
export const isThisMachine = (host: string): boolean => LOCAL.includes(host)

export interface MqttAddress {
  host: string
  port: number
  /** Names and addresses that the server's certificate holds. */
  names: readonly string[]
}

/**
 * Where devices reach the server, as far as it can be known: the first public host of the settings; without one, the host that the
 * user's browser calls, unless the server listens under a name of its own.
 *
 * @param system undefined until it is known
 * @param pageHost host of the page's address
 */
export function addressOf(system: System | undefined, pageHost: string): MqttAddress {
  const url = system?.endpoints.find(({ kind }) => kind === 'mqtt')?.url
  // Only http addresses are taken apart alike by all browsers.
  const endpoint = url === undefined ? undefined : new URL(url.replace(/^\w+:/, 'http:'))
  const names = system?.certificates.find(({ kind }) => kind === 'rsa')?.names ?? []
  const listens = endpoint?.hostname ?? ''
  const own = LOCAL.includes(listens) || listens === '' ? pageHost : listens
  const likely = names.length === 0 || names.includes(own) ? own : (names.find(name => !LOCAL.includes(name)) ?? own)
  const host = system?.publicHosts[0] ?? likely
  return { host, port: endpoint === undefined ? DEFAULT_PORT : Number(endpoint.port || DEFAULT_PORT), names }
}
