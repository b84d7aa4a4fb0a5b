import { CONNECTION_REASONS } from './reasons/connection.ts'
import { HTTP_REASONS } from './reasons/http.ts'
import { MALFORMED_REASONS } from './reasons/malformed.ts'
import type { Reason } from './reasons/reason.ts'
import { REFUSED_REASONS } from './reasons/refused.ts'
import { SUB_DEVICE_REASONS } from './reasons/sub-devices.ts'
import { TRANSPORT_REASONS } from './reasons/transport.ts'
import { UNAVAILABLE_REASONS } from './reasons/unavailable.ts'
import { UPSTREAM_REASONS } from './reasons/upstream.ts'

export type { Reason } from './reasons/reason.ts'

/** Each answer that the server can give, by its code. Closed: whatever is refused is refused with one of these. */
export const REASONS = {
  ...TRANSPORT_REASONS,
  ...MALFORMED_REASONS,
  ...REFUSED_REASONS,
  ...UNAVAILABLE_REASONS,
  ...UPSTREAM_REASONS,
  ...CONNECTION_REASONS,
  ...SUB_DEVICE_REASONS,
  ...HTTP_REASONS,
} as const satisfies Record<string, Reason>

export type ReasonCode = keyof typeof REASONS

export const REASON_CODES = Object.keys(REASONS) as readonly ReasonCode[]

export const reason = (code: ReasonCode): Reason => REASONS[code]

/** Whether a text from outside (a query, a stored row) is one of the codes. */
export const isReasonCode = (text: string): text is ReasonCode => Object.hasOwn(REASONS, text)
