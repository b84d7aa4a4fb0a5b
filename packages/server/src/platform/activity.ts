import { randomUUID } from 'node:crypto'
import type { ReasonCode } from '@hatchway/protocol'
import type { Broker } from '../broker/port.ts'
import type { Registry } from '../registry/registry.ts'
import type { MinuteActivity } from '../registry/store.ts'
import type { TimeMs } from '../registry/types.ts'

const MINUTE_MS = 60_000
/** Minutes that may wait while the store is away; beyond it the oldest are lost. */
const MAX_WAITING_MINUTES = 1440
/** So long a history that is asked for again may lack what has happened since. */
const FRESH_MS = 1000

/** Counts since the start. */
export interface ActivityTotals {
  registrations: number
  /** Of devices. */
  logins: number
  refusals: number
}

export interface Activity {
  readonly totals: Readonly<ActivityTotals>
  /** The last minutes of all gateways, the present one included, by time; minutes in which nothing happened are left out. */
  history(minutes: number): Promise<readonly MinuteActivity[]>
  /** Notes what is left. Close after the broker and before the registry. */
  close(): Promise<void>
}

export interface ActivityParts {
  broker: Pick<Broker, 'onPresence'>
  registry: Pick<Registry, 'journal' | 'store'>
  clock: () => TimeMs
  onError: (error: unknown) => void
  /** How often the counts are written. */
  writeEveryMs?: number
}

interface Minute {
  minute: number
  registrations: number
  logins: number
  refusals: Partial<Record<ReasonCode, number>>
  isNoted: boolean
}

/**
 * Counts registrations, logins and refusals by the minute: an addition in memory for each, one small write a minute. What
 * a minute has so far is written as a whole, so that a write which is tried again counts nothing twice.
 */
export function createActivity({
  broker,
  registry,
  clock,
  onError,
  writeEveryMs = MINUTE_MS,
}: ActivityParts): Activity {
  // A name of its own for each start: the minutes of the one before stay.
  const gateway = randomUUID()
  const totals = { registrations: 0, logins: 0, refusals: 0 }
  const waiting = new Map<number, Minute>()
  let present = newMinute(-1)
  let writing: Promise<void> | undefined
  let writtenAt = Number.NEGATIVE_INFINITY

  const now = (): Minute => {
    const minute = Math.floor(clock() / MINUTE_MS)
    if (present.minute !== minute) {
      present = waiting.get(minute) ?? newMinute(minute)
      waiting.set(minute, present)
      for (const [oldest, { isNoted }] of waiting) {
        if (oldest === minute) continue
        if (isNoted || waiting.size > MAX_WAITING_MINUTES) waiting.delete(oldest)
      }
    }
    present.isNoted = false
    return present
  }
  const write = async (): Promise<void> => {
    const due = [...waiting.values()].filter(({ isNoted }) => !isNoted)
    if (due.length === 0) return
    for (const minute of due) minute.isNoted = true // unless something happens meanwhile
    try {
      await registry.store.noteActivity(
        gateway,
        due.map(({ isNoted: _, ...minute }) => ({ ...minute, refusals: { ...minute.refusals } })),
      )
    } catch (error) {
      for (const minute of due) minute.isNoted = false
      onError(error)
    }
  }
  const flush = async (): Promise<void> => {
    while (writing !== undefined) await writing // one after the other: an older count must not replace a newer one
    writtenAt = clock()
    writing = write().finally(() => {
      writing = undefined
    })
    await writing
  }
  const stops = [
    registry.journal.onEntry(({ outcome, reason, detail }) => {
      if (outcome === 'registered') {
        now().registrations++
        totals.registrations++
      } else if (outcome === 'refused') {
        const count = detail?.count ?? 1
        const { refusals } = now()
        refusals[reason] = (refusals[reason] ?? 0) + count
        totals.refusals += count
      }
    }),
    broker.onPresence(({ online, identity }) => {
      if (!online || identity.kind !== 'device') return
      now().logins++
      totals.logins++
    }),
  ]
  const timer = setInterval(() => void flush(), writeEveryMs)
  timer.unref()
  return {
    totals,
    async history(minutes) {
      if (clock() - writtenAt >= FRESH_MS) await flush()
      return registry.store.activity(Math.floor(clock() / MINUTE_MS) - minutes + 1)
    },
    async close() {
      clearInterval(timer)
      await registry.journal.flush()
      for (const stop of stops) stop()
      await flush()
    },
  }
}

const newMinute = (minute: number): Minute => ({ minute, registrations: 0, logins: 0, refusals: {}, isNoted: false })
