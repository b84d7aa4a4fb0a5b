import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import { Problem } from './problem.ts'
import { boundedText, wholeNumber } from './schemas.ts'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200
const MAX_CURSOR_LENGTH = 1000
const DIGEST_LENGTH = 12

/** Query parameters of every list. */
export const PAGING = {
  limit: Type.Optional(wholeNumber(`Most items in the reply; without it ${DEFAULT_LIMIT}`, 1, MAX_LIMIT)),
  cursor: Type.Optional(boundedText('nextCursor of the page before', MAX_CURSOR_LENGTH)),
}

export const limitOf = (query: { limit?: number }): number => query.limit ?? DEFAULT_LIMIT

/**
 * Cursors of one list with one set of filters. The digest is no secret: it tells a mangled cursor, and one of another list,
 * from a good one before the store sees it.
 */
export function cursorsOf(list: string, filters: Readonly<Record<string, unknown>> = {}) {
  const digest = (cursor: string): string =>
    createHash('sha256')
      .update(JSON.stringify([list, Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1)), cursor]))
      .digest('base64url')
      .slice(0, DIGEST_LENGTH)
  return {
    show: (cursor: string | null): string | null =>
      cursor === null ? null : digest(cursor) + Buffer.from(cursor).toString('base64url'),
    /** The store's cursor; throws a Problem for one that this list did not give. */
    read: (shown: string | undefined): { cursor?: string } => {
      if (shown === undefined) return {}
      const cursor = Buffer.from(shown.slice(DIGEST_LENGTH), 'base64url').toString()
      if (digest(cursor) === shown.slice(0, DIGEST_LENGTH)) return { cursor }
      throw new Problem('field-invalid', {
        status: 400,
        field: 'cursor',
        detail: 'cursor is not one that this list gave for these filters.',
        fix: 'Take nextCursor of the page before as it is, with the same filters, or leave cursor out to start again.',
      })
    },
  }
}
