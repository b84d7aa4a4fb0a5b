import type { TimeMs } from '../registry/types.ts'

/** How many devices are remembered at once: about 30 MB. Beyond it the one that has been quiet longest is forgotten. */
export const maxTrackedDevices = 200_000

const windowMs = 60_000
/** A hair of room, because a sum of `connectsPerMinute` fractions may land just above the window. */
const longestMs = windowMs + 0.001

/**
 * Limits how often one device may connect. Ask only about CONNECTs that are *verified*: if forged ones counted, anyone who
 * knows a device's name could lock it out (docs/decisions/0010-only-verified-connects-are-rated.md).
 */
export interface ConnectRate {
  /** Counts one CONNECT; false if the device is over its limit (it is not counted then). */
  take(productKey: string, deviceName: string, now: TimeMs): boolean
  /** The same answer, counting nothing. */
  wouldTake(productKey: string, deviceName: string, now: TimeMs): boolean
  readonly trackedDevices: number
}

/**
 * A token bucket of `connectsPerMinute` tokens that refills evenly, kept as one number per device: the time at which its
 * bucket is full again. A device that is full again is the same as one never seen, so forgetting it loses nothing.
 */
export function createConnectRate(connectsPerMinute: number, maxDevices = maxTrackedDevices): ConnectRate {
  const fullAt = new Map<string, TimeMs>()
  const costMs = windowMs / connectsPerMinute

  const afterTaking = (key: string, now: TimeMs): TimeMs => {
    const full = fullAt.get(key) ?? 0
    // Fuller than a bucket can be: the clock was set back, and the device must not wait until it has caught up.
    return (full - now > longestMs ? now : Math.max(now, full)) + costMs
  }
  const fits = (after: TimeMs, now: TimeMs): boolean => after - now <= longestMs

  const forget = (now: TimeMs): void => {
    // Map order is the order of the last CONNECT. Two a call outruns growth by one a call.
    let looked = 0
    for (const [key, at] of fullAt) {
      if (at > now && fullAt.size <= maxDevices) return
      fullAt.delete(key)
      looked += 1
      if (looked === 2) return
    }
  }

  return {
    take(productKey, deviceName, now) {
      if (connectsPerMinute <= 0) return true
      const key = `${productKey}/${deviceName}`
      const after = afterTaking(key, now)
      if (!fits(after, now)) return false
      fullAt.delete(key)
      fullAt.set(key, after)
      forget(now)
      return true
    },
    wouldTake(productKey, deviceName, now) {
      return connectsPerMinute <= 0 || fits(afterTaking(`${productKey}/${deviceName}`, now), now)
    },
    get trackedDevices() {
      return fullAt.size
    },
  }
}
