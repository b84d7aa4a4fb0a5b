import type { HttpParts } from './parts.ts'
import { iso } from './schemas.ts'

/** What happens a second at this gateway, and what is open. */
interface Rates {
  time: string
  registrations: number
  logins: number
  refusals: number
  messagesIn: number
  messagesOut: number
  connections: number
}

type RateParts = Pick<HttpParts, 'activity' | 'broker' | 'settings' | 'clock'>

/** Tells the rates as long as it runs; while it does not, nothing is measured. */
export function createRates(
  { activity, broker, settings, clock }: RateParts,
  tell: (rates: Rates) => void,
): { start(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  const read = () => {
    const { messagesIn, messagesOut, connections } = broker.stats()
    const counts = { ...activity.totals, messagesIn: sum(messagesIn), messagesOut: sum(messagesOut) }
    return { counts, connections, atMs: clock() }
  }
  return {
    start() {
      if (timer !== undefined) return
      let before = read()
      timer = setInterval(() => {
        const now = read()
        const seconds = Math.max(1, now.atMs - before.atMs) / 1000
        const rate = (name: keyof typeof now.counts): number =>
          Math.round(((now.counts[name] - before.counts[name]) / seconds) * 10) / 10
        tell({
          time: iso(now.atMs),
          registrations: rate('registrations'),
          logins: rate('logins'),
          refusals: rate('refusals'),
          messagesIn: rate('messagesIn'),
          messagesOut: rate('messagesOut'),
          connections: now.connections,
        })
        before = now
      }, settings.ratesMs)
      timer.unref()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
  }
}

const sum = (byQos: Readonly<Record<0 | 1 | 2, number>>): number => byQos[0] + byQos[1] + byQos[2]
