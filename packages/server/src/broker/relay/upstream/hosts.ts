import type { UpstreamFigures } from '../../port.ts'
import { hostName, type UpstreamAddress } from './address.ts'

/** How long a host rests after its first failure; twice as long after each further one. */
export const firstRestMs = 250
export const longestRestMs = 30_000

/** One host of the cluster, as this gateway knows it. */
export class UpstreamHost {
  readonly host: string
  readonly port: number
  readonly name: string
  /** To go on with: spares most of the next handshake. */
  tlsSession: Buffer | undefined
  /** Open ones and those that are being opened. */
  connections = 0
  failures = 0
  reachable = false
  /** Of its last failure; 0 = it has not failed since its last success. */
  restMs = 0
  restsUntil = 0
  /** After a rest one connection tries it, and the others wait for what comes of that. */
  isTried = false

  constructor(address: { host: string; port: number }) {
    this.host = address.host
    this.port = address.port
    this.name = hostName(address)
  }
}

/**
 * Which host the next connection goes to: of those that answer the one with the fewest connections of this gateway, so
 * that a node that comes back gets its share. A host that failed rests, longer each time, and is then tried by one.
 */
export class UpstreamHosts {
  readonly all: readonly UpstreamHost[]
  readonly #now: () => number
  /** Where the search begins: equals take turns. */
  #first = 0

  constructor({ hosts }: UpstreamAddress, now: () => number) {
    this.all = hosts.map(address => new UpstreamHost(address))
    this.#now = now
  }

  /**
   * Takes a host for a connection, or none if all others rest. `insists` = whoever asks wants to know whether a resting
   * one is back. Each one taken is given back by `succeeded`, `failed` or `released`, and a good one by `closed` later.
   */
  take(except: ReadonlySet<UpstreamHost>, insists = false): UpstreamHost | undefined {
    const now = this.#now()
    const others = this.#inTurn().filter(host => !except.has(host))
    const awake = others.filter(host => host.restMs === 0 || (now >= host.restsUntil && !host.isTried))
    const chosen =
      least(awake, host => host.connections) ?? (insists ? least(others, host => host.restsUntil) : undefined)
    if (chosen === undefined) return undefined
    chosen.connections++
    if (chosen.restMs > 0) chosen.isTried = true
    return chosen
  }

  succeeded(host: UpstreamHost): void {
    host.reachable = true
    host.restMs = 0
    host.isTried = false
  }

  failed(host: UpstreamHost): void {
    this.released(host)
    host.reachable = false
    host.failures++
    // Many connections may have been on their way to it: they are one failure.
    const now = this.#now()
    if (host.restMs > 0 && now < host.restsUntil) return
    host.restMs = Math.min(Math.max(host.restMs * 2, firstRestMs), longestRestMs)
    host.restsUntil = now + host.restMs
  }

  /** Nothing was found out about it. */
  released(host: UpstreamHost): void {
    host.connections--
    host.isTried = false
  }

  closed(host: UpstreamHost): void {
    host.connections--
  }

  figures(): Readonly<Record<string, UpstreamFigures>> {
    const of = ({ name, reachable, connections, failures }: UpstreamHost) =>
      [name, { reachable, connections, failures }] as const
    return Object.fromEntries(this.all.map(of))
  }

  #inTurn(): UpstreamHost[] {
    const first = this.#first++ % this.all.length
    return [...this.all.slice(first), ...this.all.slice(0, first)]
  }
}

function least(hosts: readonly UpstreamHost[], of: (host: UpstreamHost) => number): UpstreamHost | undefined {
  let best: UpstreamHost | undefined
  for (const host of hosts) if (best === undefined || of(host) < of(best)) best = host
  return best
}
