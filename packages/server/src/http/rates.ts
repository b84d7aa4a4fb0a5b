import type { HttpParts } from './parts.ts'
import { iso } from './schemas.ts'

/** What happens a second, and what is open. */
export interface Rates {
  registrations: number
  logins: number
  refusals: number
  messagesIn: number
  messagesOut: number
  connections: number
}

type RateParts = Pick<HttpParts, 'activity' | 'broker' | 'clock'>

/** Measures this gateway from one reading to the next; the first one is from now on. */
export function measureRates({ activity, broker, clock }: RateParts): () => Rates {
  const read = () => {
    const { messagesIn, messagesOut, connections } = broker.stats()
    const counts = { ...activity.totals, messagesIn: sum(messagesIn), messagesOut: sum(messagesOut) }
    return { counts, connections, atMs: clock() }
  }
  let before = read()
  return () => {
    const now = read()
    const seconds = Math.max(1, now.atMs - before.atMs) / 1000
    const rate = (name: keyof typeof now.counts): number => rounded((now.counts[name] - before.counts[name]) / seconds)
    const rates = {
      registrations: rate('registrations'),
      logins: rate('logins'),
      refusals: rate('refusals'),
      messagesIn: rate('messagesIn'),
      messagesOut: rate('messagesOut'),
      connections: now.connections,
    }
    before = now
    return rates
  }
}

/** Of several gateways together. */
export function summedRates(all: readonly Rates[], atMs: number) {
  const total = (name: keyof Rates): number => rounded(all.reduce((total, rates) => total + rates[name], 0))
  return {
    time: iso(atMs),
    gateways: all.length,
    registrations: total('registrations'),
    logins: total('logins'),
    refusals: total('refusals'),
    messagesIn: total('messagesIn'),
    messagesOut: total('messagesOut'),
    connections: total('connections'),
  }
}

const rounded = (rate: number): number => Math.round(rate * 10) / 10

const sum = (byQos: Readonly<Record<0 | 1 | 2, number>>): number => byQos[0] + byQos[1] + byQos[2]
