import type { BrokerStats } from '../port.ts'

/** The embedded broker keeps everything itself, so no figure is unknown. */
export type EmbeddedStats = {
  readonly [Figure in keyof BrokerStats]: Figure extends 'upstream' ? null : NonNullable<BrokerStats[Figure]>
}

export interface SystemTopicsOptions {
  /** Of the server; empty = it is not told. */
  readonly version: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly intervalMs: number
}

/** The figures of one moment, and the rates since the one before. */
interface Figures {
  readonly version: string
  readonly uptimeSeconds: number
  readonly stats: EmbeddedStats
  readonly received: number
  readonly sent: number
  readonly receivedPerSecond: number
  readonly sentPerSecond: number
}

type Reader = (figures: Figures) => number | string

/** Everything under `$SYS/`; a value is one number or word as text. A test holds docs/operations.md to this list. */
export const systemTopics: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['$SYS/broker/version', ({ version }) => version],
  ['$SYS/broker/uptime', ({ uptimeSeconds }) => uptimeSeconds],
  ['$SYS/broker/clients/connected', ({ stats }) => stats.connections],
  ['$SYS/broker/sessions/count', ({ stats }) => stats.sessions],
  ['$SYS/broker/subscriptions/count', ({ stats }) => stats.subscriptions],
  ['$SYS/broker/subscriptions/shared/count', ({ stats }) => stats.sharedGroups],
  ['$SYS/broker/retained/count', ({ stats }) => stats.retained.messages],
  ['$SYS/broker/retained/bytes', ({ stats }) => stats.retained.bytes],
  ['$SYS/broker/messages/received', ({ received }) => received],
  ['$SYS/broker/messages/sent', ({ sent }) => sent],
  ['$SYS/broker/messages/dropped', ({ stats }) => sum(stats.dropped)],
  ['$SYS/broker/bytes/received', ({ stats }) => stats.bytesIn],
  ['$SYS/broker/bytes/sent', ({ stats }) => stats.bytesOut],
  ['$SYS/broker/load/messages/received', ({ receivedPerSecond }) => receivedPerSecond],
  ['$SYS/broker/load/messages/sent', ({ sentPerSecond }) => sentPerSecond],
])

/** The broker's figures as messages, at an interval and only where somebody listens. */
export class SystemTopics {
  readonly #options: SystemTopicsOptions
  readonly #startedAt: number
  #last: { readonly at: number; readonly received: number; readonly sent: number }

  constructor(options: SystemTopicsOptions) {
    this.#options = options
    this.#startedAt = options.now()
    this.#last = { at: this.#startedAt, received: 0, sent: 0 }
  }

  /** The messages that are due now: none before the interval is over. */
  due(
    hasSubscribers: (topic: string) => boolean,
    readStats: () => EmbeddedStats,
  ): readonly (readonly [string, Buffer])[] {
    const { version, now, intervalMs } = this.#options
    const at = now()
    const last = this.#last
    if (at < last.at) this.#last = { ...last, at } // the clock was put back
    if (intervalMs === 0 || at - last.at < intervalMs) return []
    const stats = readStats()
    const [received, sent] = [sum(stats.messagesIn), sum(stats.messagesOut)]
    this.#last = { at, received, sent }
    const perSecond = (count: number): number => Math.round((count * 1000) / (at - last.at))
    const figures: Figures = {
      version,
      uptimeSeconds: Math.floor((at - this.#startedAt) / 1000),
      stats,
      received,
      sent,
      receivedPerSecond: perSecond(received - last.received),
      sentPerSecond: perSecond(sent - last.sent),
    }
    return [...systemTopics].flatMap(([topic, read]) => {
      const text = String(read(figures))
      return text !== '' && hasSubscribers(topic) ? [[topic, Buffer.from(text)] as const] : []
    })
  }
}

function sum(counts: Readonly<Record<string | number, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
