import type { DeviceQuery } from '../store.ts'
import type { DeviceStatus, TimeMs } from '../types.ts'
import type { Conditions } from './conditions.ts'
import { creationCursor, creationOfCursor, nameCursor, nameOfCursor } from './cursor.ts'

/** What the devices of a product are put in order by; the time only where it counts. */
export interface DevicePlace {
  device_name: string
  created_at?: TimeMs
}

export type DeviceIndex = 'devices_by_status' | 'devices_by_creation'

type CreationRange = Pick<DeviceQuery, 'createdSince' | 'createdBefore'>

/** An order of a product's devices that an index has. */
export interface DeviceOrder {
  /** The columns of a DevicePlace. */
  readonly columns: string
  readonly orderBy: string
  /** Whether devices of one status can be read in this order. */
  readonly isByStatus: boolean
  /** The index to read by, with or without a status; null = the primary key. */
  indexFor(status: DeviceStatus | undefined): DeviceIndex | null
  cursorOf(last: DevicePlace): string
  /** @throws InvalidCursor */
  placeOf(cursor: string): DevicePlace
  /** Only devices that were created in the range, and only those behind the place. */
  within(conditions: Conditions, range: CreationRange, behind: DevicePlace | null): void
  compare(one: DevicePlace, other: DevicePlace): number
}

/** By name, unless the query is about times of creation. */
export function orderOf({ order, createdSince, createdBefore }: DeviceQuery): DeviceOrder {
  if (order === undefined && createdSince === undefined && createdBefore === undefined) return BY_NAME
  return order === 'oldest' ? OLDEST_FIRST : NEWEST_FIRST
}

const BY_NAME: DeviceOrder = {
  columns: 'device_name',
  orderBy: 'device_name',
  isByStatus: true,
  indexFor: status => (status === undefined ? null : 'devices_by_status'),
  cursorOf: ({ device_name }) => nameCursor(device_name),
  placeOf: cursor => ({ device_name: nameOfCursor(cursor) }),
  within(conditions, _range, behind) {
    if (behind !== null) conditions.add('device_name > ?', behind.device_name)
  },
  compare: (one, other) => byBytes(one.device_name, other.device_name),
}

// Devices of one import share their time. Their names go the same way round as the times, so that one index, read from
// either end, has both orders.
const OLDEST_FIRST: DeviceOrder = {
  columns: 'created_at, device_name',
  orderBy: 'created_at, device_name',
  isByStatus: false,
  indexFor: () => 'devices_by_creation',
  cursorOf: ({ created_at = 0, device_name }) => creationCursor(created_at, device_name),
  placeOf(cursor) {
    const { createdAt, name } = creationOfCursor(cursor)
    return { created_at: createdAt, device_name: name }
  },
  within(conditions, { createdSince, createdBefore }, behind) {
    // One bound on each side: given two, a planner may take the looser one for where to begin.
    if (behind !== null)
      conditions.add('(created_at, device_name) > (?, ?)', behind.created_at ?? 0, behind.device_name)
    else if (createdSince !== undefined) conditions.add('created_at >= ?', createdSince)
    if (createdBefore !== undefined) conditions.add('created_at < ?', createdBefore)
  },
  compare: (one, other) =>
    (one.created_at ?? 0) - (other.created_at ?? 0) || byBytes(one.device_name, other.device_name),
}

const NEWEST_FIRST: DeviceOrder = {
  ...OLDEST_FIRST,
  orderBy: 'created_at DESC, device_name DESC',
  within(conditions, { createdSince, createdBefore }, behind) {
    if (behind !== null)
      conditions.add('(created_at, device_name) < (?, ?)', behind.created_at ?? 0, behind.device_name)
    else if (createdBefore !== undefined) conditions.add('created_at < ?', createdBefore)
    if (createdSince !== undefined) conditions.add('created_at >= ?', createdSince)
  },
  compare: (one, other) => OLDEST_FIRST.compare(other, one),
}

// DeviceNames are ASCII, so this is the order of both databases.
const byBytes = (one: string, other: string): number => (one < other ? -1 : Number(one > other))
