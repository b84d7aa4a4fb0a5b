import type { ReasonCode } from '@hatchway/protocol'

/**
 * An operator's request that can't be carried out. The message is one sentence that names the field, its problem and
 * the fix.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly reason: ReasonCode
  /** The name of the field at fault, as the request spells it. */
  readonly field: string | null

  constructor(reason: ReasonCode, message: string, field: string | null = null) {
    super(message)
    this.reason = reason
    this.field = field
  }
}
