import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { api, resultOf } from '../api/client.ts'
import type { JournalEntry } from '../api/types.ts'
import { useLive } from '../live/live.ts'
import { type JournalFilters, matches, PERIODS } from './filters.ts'

const PAGE_LIMIT = 100
/** Live entries that the page keeps; older ones come back by scrolling. */
const MAX_LIVE_ENTRIES = 1000
const MINUTE_MS = 60_000

/** The journal from its newest entry back, and what comes meanwhile. */
export function useJournal(filters: JournalFilters, isPaused: boolean) {
  const key = JSON.stringify(filters)
  const [live, setLive] = useState<readonly JournalEntry[]>([])
  const [waiting, setWaiting] = useState<readonly JournalEntry[]>([])
  // biome-ignore lint/correctness/useExhaustiveDependencies: other filters start an empty list
  useEffect(() => {
    setLive([])
    setWaiting([])
  }, [key])
  useEffect(() => {
    if (isPaused || waiting.length === 0) return
    setLive(shown => [...waiting, ...shown].slice(0, MAX_LIVE_ENTRIES))
    setWaiting([])
  }, [isPaused, waiting])
  useLive('journal', entry => {
    if (matches(entry, filters)) setWaiting(entries => [entry, ...entries].slice(0, MAX_LIVE_ENTRIES))
  })
  const query = useInfiniteQuery({
    queryKey: ['journal', key],
    queryFn: ({ pageParam, signal }) =>
      resultOf(api.GET('/api/v1/journal', { params: { query: queryOf(filters, pageParam) }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
  })
  const entries = useMemo(() => {
    const read = query.data?.pages.flatMap(page => page.items) ?? []
    const known = new Set(live.map(({ id }) => id))
    return [...live, ...read.filter(({ id }) => !known.has(id))]
  }, [live, query.data])
  return { ...query, entries, waiting: waiting.length }
}

function queryOf({ product, device, outcome, reason, since }: JournalFilters, cursor: string | undefined) {
  return {
    productKey: product,
    deviceName: device,
    outcome,
    reason,
    since: since === undefined ? undefined : startOf(PERIODS[since]),
    cursor,
    limit: PAGE_LIMIT,
  }
}

/** To the minute, so that the pages of one list share their filters for a while. */
const startOf = (periodMs: number): string =>
  new Date(Math.floor((Date.now() - periodMs) / MINUTE_MS) * MINUTE_MS).toISOString()
