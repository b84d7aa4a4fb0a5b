import type { DevicePage, DeviceQuery } from '../store.ts'
import { Conditions, type Placeholder } from './conditions.ts'
import type { DeviceIndex, DeviceOrder, DevicePlace } from './device-order.ts'
import { anywhere, countByStatus, pageSize } from './page.ts'
import type { CountedProductRow } from './rows.ts'

/**
 * A filtered list is answered in a time that does not grow with the registry. Where few devices are left by an index of
 * three-character pieces of names, or by their status, these are read, sorted and paged, and the total is exact. Where there
 * are many, or the text is too short for the index, devices are looked through in their order: that soon fills a page where
 * many match, and where it does not, the page ends after so many and its cursor goes on there.
 */
export const MAX_FEW = 1000
const MAX_LOOKED_THROUGH = 20_000
/** Where the index does not tell what is asked for, each row is read; and a total is counted on every page anew. */
const MAX_ROWS_LOOKED_THROUGH = 5000
const MAX_COUNTED_THROUGH = 5000

/** A filtered list of the devices of one product. */
export interface DeviceListing extends Omit<DeviceQuery, 'order'> {
  product: CountedProductRow
  order: DeviceOrder
  /** The place that the page comes behind. */
  behind: DevicePlace | null
}

/** What differs between databases. */
export interface SearchDialect {
  placeholder: Placeholder
  /** The operator that takes capitals and small letters of ASCII for the same. */
  like: 'LIKE' | 'ILIKE'
  /** The condition that the DeviceName is one of a JSON array. */
  named: string
  /** The table of devices, to be read by that index; null = by the primary key. */
  devicesBy(index: DeviceIndex | null): string
}

/** Names that an index found; `many`: more than are used; undefined: it can't find the text. */
export type FoundNames = readonly string[] | 'many' | undefined

type Total = Pick<DevicePage, 'total' | 'totalIsLowerBound'>
const NOT_COUNTED: Total = { total: 0, totalIsLowerBound: true }
const COUNTED_SO_FAR: Total = { total: MAX_FEW, totalIsLowerBound: true }

const PIECE_LENGTH = 3
const MAX_PIECES = 3

/**
 * Pieces of the runs of characters that an index knows, from the end: names share their beginnings, so those find many. A few
 * pieces leave few names to look at, and each one more is another list to read that grows with the registry.
 */
export function piecesOf(runs: readonly (readonly string[])[]): string[] {
  const pieces: string[] = []
  for (const run of runs.toReversed()) {
    for (let end = run.length; end > 0 && run.length >= PIECE_LENGTH; end -= PIECE_LENGTH) {
      const from = Math.max(0, end - PIECE_LENGTH)
      pieces.push(run.slice(from, from + PIECE_LENGTH).join(''))
    }
  }
  return pieces.slice(0, MAX_PIECES)
}

export interface Query {
  text: string
  values: (string | number)[]
}

/** The statements of one filtered list. */
export class DeviceSearch {
  readonly #listing: DeviceListing
  readonly #dialect: SearchDialect

  constructor(listing: DeviceListing, dialect: SearchDialect) {
    this.#listing = listing
    this.#dialect = dialect
  }

  /** Whether devices with the wanted status are few, so that they had better be read all. */
  get isFewByStatus(): boolean {
    const { product, status } = this.#listing
    return this.#siftsByStatus && countByStatus(product, status) <= MAX_FEW
  }

  /** Whether the names that the index found are all of the answer, and in its order. */
  get isByNameOnly(): boolean {
    return this.#listing.status === undefined && this.#listing.order.isByStatus
  }

  /** Places of all devices that match: of those names, or of that status. */
  few(names: readonly string[] | null): Query {
    const { order, search } = this.#listing
    const matching = this.#product()
    if (names !== null) matching.add(this.#dialect.named, JSON.stringify(names))
    this.#addStatus(matching)
    order.within(matching, this.#listing, null)
    if (names === null && search) this.#addSearch(matching, search)
    const devices = this.#dialect.devicesBy(names === null ? 'devices_by_status' : null)
    return { text: `SELECT ${order.columns} FROM ${devices} ${matching.where}`, values: matching.values }
  }

  /** Places of the devices of the page and one more, in their order, out of the first ones behind the place. */
  page(): Query {
    return this.#lookThrough(this.#mostLookedAt, {
      behind: this.#listing.behind,
      limit: pageSize(this.#listing.limit) + 1,
    })
  }

  /** Places of devices that match, for the total, from the beginning. */
  counted(): Query {
    return this.#lookThrough(MAX_COUNTED_THROUGH, { behind: null, limit: MAX_FEW + 1 })
  }

  #lookThrough(devices: number, { behind, limit }: { behind: DevicePlace | null; limit: number }): Query {
    const { order, search } = this.#listing
    const lookedAt = this.#lookedAt(behind)
    const { placeholder } = this.#dialect
    const sifting = new Conditions(place => placeholder(lookedAt.values.length + place))
    if (search) this.#addSearch(sifting, search)
    if (this.#siftsByStatus) this.#addStatus(sifting)
    const columns = this.#siftsByStatus ? `${order.columns}, status` : order.columns
    const rows = `SELECT ${columns} FROM ${this.#devices} ${lookedAt.where}
      ORDER BY ${order.orderBy} LIMIT ${devices}`
    const limitTo = sifting.parameter(limit)
    return {
      text: `SELECT ${order.columns} FROM (${rows}) AS looked_at ${sifting.where} LIMIT ${limitTo}`,
      values: [...lookedAt.values, ...sifting.values],
    }
  }

  /** The place of the last device that a look through a whole page's worth came to; none if it came to the end. */
  lastLookedAt(): Query {
    const { order, behind } = this.#listing
    const lookedAt = this.#lookedAt(behind)
    const offset = lookedAt.parameter(this.#mostLookedAt - 1)
    return {
      text: `SELECT ${order.columns} FROM ${this.#devices} ${lookedAt.where}
        ORDER BY ${order.orderBy} LIMIT 1 OFFSET ${offset}`,
      values: lookedAt.values,
    }
  }

  /** What a page says of the whole where nothing has to be looked through for it. */
  totalOfFound(found: FoundNames): Total | undefined {
    if (this.#listing.isCounted === false) return NOT_COUNTED
    return found === 'many' && this.isByNameOnly ? COUNTED_SO_FAR : undefined
  }

  /** The same from the matches that `counted` found. */
  totalOf(matches: number): Total {
    const { product, status, search, order } = this.#listing
    const isSifted = search || this.#siftsByStatus
    const devices = countByStatus(product, order.isByStatus ? status : undefined)
    return matches <= MAX_FEW && (!isSifted || devices <= MAX_COUNTED_THROUGH)
      ? { total: matches }
      : { ...COUNTED_SO_FAR, total: Math.min(matches, MAX_FEW) }
  }

  /** The page behind the place, out of all that match. */
  pageOf(places: readonly DevicePlace[]): { names: string[]; nextCursor: string | null; total: number } {
    const { order, behind, limit } = this.#listing
    const rest = places.filter(place => behind === null || order.compare(place, behind) > 0).sort(order.compare)
    const shown = rest.slice(0, pageSize(limit))
    const last = shown.at(-1)
    return {
      names: shown.map(({ device_name }) => device_name),
      nextCursor: last !== undefined && rest.length > shown.length ? order.cursorOf(last) : null,
      total: places.length,
    }
  }

  get #siftsByStatus(): boolean {
    return this.#listing.status !== undefined && !this.#listing.order.isByStatus
  }

  get #mostLookedAt(): number {
    return this.#siftsByStatus ? MAX_ROWS_LOOKED_THROUGH : MAX_LOOKED_THROUGH
  }

  get #devices(): string {
    return this.#dialect.devicesBy(this.#listing.order.indexFor(this.#listing.status))
  }

  #product(): Conditions {
    const conditions = new Conditions(this.#dialect.placeholder)
    conditions.add('product_id = ?', this.#listing.product.id)
    return conditions
  }

  #lookedAt(behind: DevicePlace | null): Conditions {
    const { order } = this.#listing
    const conditions = this.#product()
    if (order.isByStatus) this.#addStatus(conditions)
    order.within(conditions, this.#listing, behind)
    return conditions
  }

  #addStatus(conditions: Conditions): void {
    if (this.#listing.status !== undefined) conditions.add('status = ?', this.#listing.status)
  }

  #addSearch(conditions: Conditions, search: string): void {
    conditions.add(`device_name ${this.#dialect.like} ? ESCAPE '\\'`, anywhere(search))
  }
}

export const nameOf = ({ device_name }: DevicePlace): string => device_name

/** Rows come in no order that a statement of so many names could promise cheaply. */
export function inOrderOf<Row extends { device_name: string }>(names: readonly string[], rows: readonly Row[]): Row[] {
  const byName = new Map(rows.map(row => [row.device_name, row]))
  return names.flatMap(name => byName.get(name) ?? [])
}
