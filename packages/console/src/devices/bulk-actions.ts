import { api, resultOf } from '../api/client.ts'
import type { BulkAction, Device } from '../api/types.ts'
import type { DeviceChoice } from './filters.ts'

/** Small enough that progress is seen and a stop takes effect soon. */
const BATCH_DEVICES = 200
/** More would not be read. */
const MAX_KEPT_FAILURES = 100

interface Failure {
  productKey: string
  deviceName: string
  problem?: string
  reason?: string
}

interface BulkPart {
  done: number
  failures: readonly Failure[]
  isLast: boolean
}

/** Devices to which one thing is to be done. */
export interface BulkTarget {
  total: number
  /** Does it to the next ones; after a failure, to the same once more. */
  next(action: BulkAction): Promise<BulkPart>
}

export interface BulkProgress {
  done: number
  failed: number
  /** The first ones. */
  failures: readonly Failure[]
  isEnded: boolean
}

export const NOTHING_DONE: BulkProgress = { done: 0, failed: 0, failures: [], isEnded: false }

/**
 * Goes on part by part until all is done, it is stopped after the one that is under way, or one fails, which throws: what was told
 * is done.
 */
export async function runBulk(
  target: BulkTarget,
  { action, from, signal }: { action: BulkAction; from: BulkProgress; signal: AbortSignal },
  onProgress: (progress: BulkProgress) => void,
): Promise<void> {
  let progress = from
  while (!progress.isEnded && !signal.aborted) {
    const { done, failures, isLast } = await target.next(action)
    progress = {
      done: progress.done + done,
      failed: progress.failed + failures.length,
      failures: [...progress.failures, ...failures].slice(0, MAX_KEPT_FAILURES),
      isEnded: isLast,
    }
    onProgress(progress)
  }
}

/** Those that were ticked in the list. */
export function chosenDevices(devices: readonly Device[]): BulkTarget {
  const batches = batchesOf(devices)
  let at = 0
  return {
    total: devices.length,
    async next(action) {
      const batch = batches[at]
      if (batch === undefined) return { done: 0, failures: [], isLast: true }
      const { productKey, deviceNames } = batch
      const path = { pk: productKey }
      const { rows } = await resultOf(
        api.POST('/api/v1/products/{pk}/devices/actions', { params: { path }, body: { action, deviceNames } }),
      )
      at += 1
      const failures = rows.filter(({ outcome }) => outcome === 'failed').map(row => ({ productKey, ...row }))
      return { done: rows.length - failures.length, failures, isLast: at === batches.length }
    },
  }
}

/** All that match, however many are loaded; no more than were counted. */
export function matchingDevices(choice: DeviceChoice, total: number): BulkTarget {
  let cursor: string | null = null
  let left = total
  return {
    total,
    async next(action) {
      const body = { action, ...choice, limit: Math.min(BATCH_DEVICES, left), ...(cursor === null ? {} : { cursor }) }
      const { done, failures, nextCursor } = await resultOf(api.POST('/api/v1/devices/actions', { body }))
      cursor = nextCursor
      left -= done + failures.length
      return { done, failures, isLast: nextCursor === null || left <= 0 }
    },
  }
}

/** Tells how far it has come: a large registry takes some seconds. */
export async function countMatching(
  choice: DeviceChoice,
  { onCount, signal }: { onCount: (count: number) => void; signal: AbortSignal },
): Promise<number> {
  let sum = 0
  let cursor: string | undefined
  for (;;) {
    const query = { ...choice, ...(cursor === undefined ? {} : { cursor }) }
    const part = await resultOf(api.GET('/api/v1/devices/count', { params: { query }, signal }))
    sum += part.count
    onCount(sum)
    if (part.nextCursor === null) return sum
    cursor = part.nextCursor
  }
}

/** Batches of devices of one product each. */
export function batchesOf(
  devices: readonly Device[],
  size = BATCH_DEVICES,
): { productKey: string; deviceNames: string[] }[] {
  const byProduct = Map.groupBy(devices, ({ productKey }) => productKey)
  return [...byProduct].flatMap(([productKey, own]) => {
    const names = own.map(({ deviceName }) => deviceName)
    const count = Math.ceil(names.length / size)
    return Array.from({ length: count }, (_, index) => ({
      productKey,
      deviceNames: names.slice(index * size, (index + 1) * size),
    }))
  })
}
