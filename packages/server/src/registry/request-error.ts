import type { ReasonCode } from '@hatchway/protocol'

export interface RequestProblem {
  /** What is wrong, without a full stop. Starts with the field where it is about one. */
  problem: string
  /** What to do about it: small first letter, no full stop. */
  fix: string
  /** The name of the field at fault, as the request spells it. */
  field?: string
}

/** An operator's request that can't be carried out. The message is one sentence of the problem and the fix. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly reason: ReasonCode
  readonly problem: string
  readonly fix: string
  readonly field: string | undefined

  constructor(reason: ReasonCode, { problem, fix, field }: RequestProblem) {
    super(`${problem}; ${fix}.`)
    this.reason = reason
    this.problem = problem
    this.fix = fix
    this.field = field
  }
}
