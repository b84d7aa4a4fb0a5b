import { type ReasonCode, reason } from '@hatchway/protocol'
import { Type } from 'typebox'
import { text } from './schemas.ts'

/** Why a row of a report failed; absent where it did not. */
export const FAILURE_FIELDS = {
  reason: Type.Optional(text('Reason code, where it failed')),
  problem: Type.Optional(text('What is wrong, where it failed')),
}

export const failed = (code: ReasonCode, problem: string | undefined) => ({
  outcome: 'failed' as const,
  reason: code,
  problem: problem ?? reason(code).en,
})
