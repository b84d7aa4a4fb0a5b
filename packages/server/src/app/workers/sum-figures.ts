import type { GatewayStats } from '../../gateway/index.ts'

const none: GatewayStats = {
  connections: { tcp: 0, tls: 0, ws: 0, wss: 0, arriving: 0 },
  handshakes: { waiting: 0, inFlight: 0, maxInFlight: 0, done: 0, failed: 0 },
  tlsVersions: {},
  accepted: 0,
  rejected: {},
}

/** The figures of several gateways as those of one. */
export function sumGatewayStats(all: readonly GatewayStats[]): GatewayStats {
  return all.reduce((sum, one) => {
    return {
      connections: sumOf(sum.connections, one.connections),
      handshakes: sumOf(sum.handshakes, one.handshakes),
      tlsVersions: sumOf(sum.tlsVersions, one.tlsVersions),
      accepted: sum.accepted + one.accepted,
      rejected: sumOf(sum.rejected, one.rejected),
    }
  }, none)
}

/** What a gateway that is gone leaves behind: what it counted since its start, and nothing of what was open. */
export function leftBy({ handshakes, tlsVersions, accepted, rejected }: GatewayStats): GatewayStats {
  const { done, failed } = handshakes
  return { ...none, handshakes: { ...none.handshakes, done, failed }, tlsVersions, accepted, rejected }
}

function sumOf<Counts extends Readonly<Record<string, number>>>(one: Counts, other: Counts): Counts {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  const sums = Array.from(names, name => [name, (one[name] ?? 0) + (other[name] ?? 0)])
  return Object.fromEntries(sums) as Counts // the names of both
}
