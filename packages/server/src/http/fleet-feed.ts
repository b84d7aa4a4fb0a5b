import type { Presence } from '../broker/port.ts'
import type { ConnectionEnd } from '../registry/types.ts'
import type { HttpParts } from './parts.ts'
import { measureRates, type Rates, summedRates } from './rates.ts'
import { iso } from './schemas.ts'

/** A device comes or goes, as event listeners are told. */
export interface PresenceEvent {
  productKey: string
  deviceName: string
  status: 'ONLINE' | 'OFFLINE'
  time: string
  address: string | null
  reason: ConnectionEnd | null
}

/** What gateways of one database tell each other; kinds of newer ones are passed over. */
type Word =
  /** Somebody watches there: tell. */
  { kind: 'watching' } | { kind: 'rates'; rates: Rates } | { kind: 'presence'; events: readonly PresenceEvent[] }

/** How often a gateway where somebody watches says so, in readings of the rates. */
const WATCHING_EVERY_READINGS = 5
/** So many readings after it was last said, nobody watches there any more. */
const WATCHED_FOR_READINGS = 15
/** A gateway that has said nothing for so many readings is not counted. */
const COUNTED_FOR_READINGS = 3
/** Presence is gathered for so long before the others are told. */
const GATHERING_MS = 200
/** In one word, which has to fit into a notification; and in one gathering: more are left out. */
const EVENTS_PER_WORD = 25
const MAX_GATHERED_EVENTS = 200

export interface FleetFeed {
  /** While somebody watches here. */
  start(): void
  stop(): void
  close(): void
}

type FeedParts = Pick<HttpParts, 'registry' | 'activity' | 'broker' | 'settings' | 'clock'>

export interface FeedListener {
  /** Of all gateways together, once in a while. */
  rates(rates: ReturnType<typeof summedRates>): void
  presence(event: PresenceEvent): void
}

/**
 * Rates and presence of all gateways that share the database, for those who watch at this one. Where nobody watches, no
 * gateway says anything; where somebody does, each says its rates once a second, and who came and went a few times a second.
 */
export function createFleetFeed(parts: FeedParts, listener: FeedListener): FleetFeed {
  const { registry, broker, settings, clock } = parts
  const { fleet } = registry
  const others = new Map<string, { rates: Rates; reading: number }>()
  const gathered = new Gathered(events => fleet?.say({ kind: 'presence', events } satisfies Word))
  let isWatched = false
  let reading = 0
  let watchedElsewhereUntil = 0
  let timer: NodeJS.Timeout | undefined

  const isWatchedElsewhere = (): boolean => reading < watchedElsewhereUntil
  const run = (): void => {
    if (timer !== undefined) return
    const measure = measureRates(parts)
    timer = setInterval(() => read(measure), settings.ratesMs)
    timer.unref()
  }
  const sayWatching = (): void => fleet?.say({ kind: 'watching' } satisfies Word)
  const read = (measure: () => Rates): void => {
    reading += 1
    if (!isWatched && !isWatchedElsewhere()) {
      clearInterval(timer)
      timer = undefined
      return
    }
    const own = measure()
    if (isWatchedElsewhere()) fleet?.say({ kind: 'rates', rates: own } satisfies Word)
    if (!isWatched) return
    if (reading % WATCHING_EVERY_READINGS === 0) sayWatching()
    for (const [gateway, last] of others) if (reading - last.reading > COUNTED_FOR_READINGS) others.delete(gateway)
    listener.rates(summedRates([own, ...[...others.values()].map(({ rates }) => rates)], clock()))
  }
  const tellPresence = (event: PresenceEvent): void => {
    if (isWatched) listener.presence(event)
    if (isWatchedElsewhere()) gathered.add(event)
  }
  const hear = (gateway: string, word: Partial<Word>): void => {
    if (word.kind === 'watching') {
      watchedElsewhereUntil = reading + WATCHED_FOR_READINGS
      run()
    } else if (!isWatched) return
    else if (word.kind === 'rates' && word.rates !== undefined) others.set(gateway, { rates: word.rates, reading })
    else if (word.kind === 'presence') for (const event of word.events ?? []) listener.presence(event)
  }
  const stops = [
    broker.onPresence(presence => {
      const event = presenceEvent(presence)
      if (event !== undefined) tellPresence(event)
    }),
    registry.onLeaseEvent?.(event => {
      if (event.kind !== 'abandoned') return
      for (const { productKey, deviceName, at, address } of event.devices) {
        tellPresence({ productKey, deviceName, status: 'OFFLINE', time: iso(at), address, reason: 'gateway-gone' })
      }
    }),
    fleet?.onSaid(({ gateway, word }) => {
      if (typeof word === 'object' && word !== null) hear(gateway, word)
    }),
  ]
  return {
    start() {
      if (isWatched) return
      isWatched = true
      sayWatching()
      run()
    },
    stop() {
      isWatched = false
      others.clear()
    },
    close() {
      isWatched = false
      clearInterval(timer)
      gathered.close()
      for (const stop of stops) stop?.()
    },
  }
}

/** undefined where nobody is to be told: of an application, and of a device that is there by another connection. */
function presenceEvent({ identity, online, at, address, reason, takenOver }: Presence): PresenceEvent | undefined {
  if (identity.kind !== 'device' || takenOver) return undefined
  const { productKey, deviceName } = identity
  return { productKey, deviceName, status: online ? 'ONLINE' : 'OFFLINE', time: iso(at), address, reason }
}

/** Says in few words what comes within a moment, and no more than fits. */
class Gathered {
  readonly #say: (events: readonly PresenceEvent[]) => void
  #events: PresenceEvent[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(say: (events: readonly PresenceEvent[]) => void) {
    this.#say = say
  }

  add(event: PresenceEvent): void {
    if (this.#events.length >= MAX_GATHERED_EVENTS) return
    this.#events.push(event)
    this.#timer ??= setTimeout(() => this.#tell(), GATHERING_MS).unref()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #tell(): void {
    this.#timer = undefined
    const events = this.#events
    this.#events = []
    for (let at = 0; at < events.length; at += EVENTS_PER_WORD) this.#say(events.slice(at, at + EVENTS_PER_WORD))
  }
}
