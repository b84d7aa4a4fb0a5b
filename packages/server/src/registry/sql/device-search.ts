import type { DevicePage } from '../store.ts'
import { nameCursor } from './cursor.ts'
import { pageSize } from './page.ts'

/**
 * A search is answered in a time that does not grow with the registry. First an index of three-character pieces is asked for
 * names; if there are few, they are sorted and paged, and the total is exact. Where there are many, or the text is too short
 * for the index, names are looked through in their order: that soon fills a page where many match, and where it
 * does not, the page ends after so many names and its cursor goes on there.
 */
export const MAX_NAMES_FROM_INDEX = 1000
export const MAX_NAMES_LOOKED_THROUGH = 20_000

/** What a page says of the whole, from the matches among the first names and the number of names there are. */
export const searchTotal = (matches: number, names: number): Pick<DevicePage, 'total' | 'totalIsLowerBound'> =>
  matches <= MAX_NAMES_FROM_INDEX && names <= MAX_NAMES_LOOKED_THROUGH
    ? { total: matches }
    : { total: Math.min(matches, MAX_NAMES_FROM_INDEX), totalIsLowerBound: true }

/** The page of names behind the cursor's, out of all that match. */
export function pageOfNames(
  names: readonly string[],
  { after, limit }: { after: string | null; limit: number },
): { names: string[]; nextCursor: string | null } {
  const sorted = names.toSorted(byBytes)
  const from = after === null ? 0 : sorted.findIndex(name => byBytes(name, after) > 0)
  const rest = from === -1 ? [] : sorted.slice(from)
  const shown = rest.slice(0, pageSize(limit))
  const last = shown.at(-1)
  return { names: shown, nextCursor: last !== undefined && rest.length > shown.length ? nameCursor(last) : null }
}

// DeviceNames are ASCII, so this is the order of both databases.
const byBytes = (one: string, other: string): number => (one < other ? -1 : Number(one > other))
