import { InvalidCursor } from '../store.ts'

// A cursor is the last item's place in the order, so that rows which come and go between two pages move nothing.

export const nameCursor = (name: string): string => Buffer.from(name).toString('base64url')
export const idCursor = (id: number): string => String(id)

/** @throws InvalidCursor */
export function nameOfCursor(cursor: string): string {
  const name = Buffer.from(cursor, 'base64url').toString()
  if (name === '' || nameCursor(name) !== cursor) throw invalid(cursor)
  return name
}

/** @throws InvalidCursor */
export function idOfCursor(cursor: string): number {
  const id = Number(cursor)
  if (!/^\d{1,15}$/.test(cursor) || !Number.isSafeInteger(id)) throw invalid(cursor)
  return id
}

/** Of a list by time of creation. */
export const creationCursor = (createdAt: number, name: string): string => nameCursor(`${createdAt}:${name}`)

/** @throws InvalidCursor */
export function creationOfCursor(cursor: string): { createdAt: number; name: string } {
  const [, time, name] = /^(\d{1,15}):(.+)$/.exec(nameOfCursor(cursor)) ?? []
  if (time === undefined || name === undefined) throw invalid(cursor)
  return { createdAt: Number(time), name }
}

const SHOWN_CHARACTERS = 40
const invalid = (cursor: string): InvalidCursor =>
  new InvalidCursor(
    `cursor: ${JSON.stringify(cursor.slice(0, SHOWN_CHARACTERS))} was not given out by this list; ` +
      'send the nextCursor of the page before, or none for the first page.',
  )
