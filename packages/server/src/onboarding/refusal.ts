import type { ClaimRefusal } from '@hatchway/protocol'
import { StoreUnavailable } from '../registry/store.ts'
import type { JournalDetail } from '../registry/types.ts'
import { type Refusal, refuse } from './attempt.ts'

/** A CONNECT whose fields can't be understood. */
export const refusedClaim = ({ reason, field, detail }: ClaimRefusal): Refusal => {
  const journaled: JournalDetail = {
    ...(field === undefined ? {} : { field }),
    ...(detail === undefined ? {} : { problem: detail }),
  }
  return refuse('parse', reason, journaled)
}

/** Whatever a step throws is a no. The class of an unexpected error is named, its message is not: it may hold anything. */
export const refusalOf = (error: unknown): Refusal =>
  error instanceof StoreUnavailable
    ? refuse('rules', error.reason)
    : refuse('rules', 'internal-error', { problem: error instanceof Error ? error.name : typeof error })
