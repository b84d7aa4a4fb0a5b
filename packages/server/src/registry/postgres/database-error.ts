import { DatabaseError } from 'pg'
import { StoreUnavailable } from '../store.ts'

/** What was read has changed before it could be written: the transaction is rolled back and run again. */
export class ChangedMeanwhile extends Error {
  override readonly name = 'ChangedMeanwhile'
}

// SQLSTATE codes of PostgreSQL, appendix A of its manual.
const SERIALIZATION_FAILURE = '40001'
const DEADLOCK_DETECTED = '40P01'
const SLOW: ReadonlySet<string> = new Set(['57014', '55P03']) // query_canceled, lock_not_available
/** Read-only: the server has become a standby. */
const UNAVAILABLE: ReadonlySet<string> = new Set(['25006', '25P03', '3D000', '42501'])
/** Connection, authorization, resources, operator intervention, system error, internal error. */
const UNAVAILABLE_CLASSES: ReadonlySet<string> = new Set(['08', '28', '53', '57', '58', 'XX'])

/** The five characters that tell what the database has refused, or undefined if it is not the database that speaks. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined
}

/** Whether the transaction was rolled back for no fault of its own. */
export function isWorthRetrying(error: unknown): boolean {
  const code = sqlState(error)
  return error instanceof ChangedMeanwhile || code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED
}

/**
 * What `pg` threw, as a store tells it: trouble with the database or the way to it is `StoreUnavailable`; an error of
 * the statement itself stays what it is. Whatever has no SQLSTATE comes from the connection.
 */
export function storeError(error: unknown): unknown {
  if (error instanceof StoreUnavailable) return error
  const message = error instanceof Error ? error.message || (error as { code?: string }).code : String(error)
  const problem = `the database can't be used: ${message}`
  const code = sqlState(error)
  if (code === undefined) return new StoreUnavailable(problem, 'store-unavailable', error)
  if (SLOW.has(code)) return new StoreUnavailable(problem, 'store-slow', error)
  if (UNAVAILABLE.has(code) || UNAVAILABLE_CLASSES.has(code.slice(0, 2))) {
    return new StoreUnavailable(problem, 'store-unavailable', error)
  }
  return error
}
