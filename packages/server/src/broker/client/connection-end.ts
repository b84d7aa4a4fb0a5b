import { type ReasonCode, reason as reasonOf } from '@hatchway/protocol'
import { isReasonCode, reasonCodes } from '../../mqtt/index.ts'

/** What ends a connection and should be read about; its other ends are told by its presence alone. */
export const incidents: ReadonlySet<string> = new Set<ReasonCode>([
  'packet-malformed',
  'packet-too-large',
  'protocol-error',
  'topic-alias-invalid',
  'receive-maximum-exceeded',
  'slow-reader',
  'store-slow',
  'upstream-lost',
  'internal-error',
])

/** The reason's code, where DISCONNECT may carry it. [MQTT-3.14.2-1] */
export function disconnectCode(reason: ReasonCode): number {
  const code = reasonOf(reason).mqtt5
  return isReasonCode('disconnect', code, 5) ? code : reasonCodes.unspecifiedError
}

/** Of the codes that MalformedPacket carries. */
export const malformedReasons = {
  129: 'packet-malformed',
  130: 'protocol-error',
  132: 'protocol-error',
  148: 'topic-alias-invalid',
  149: 'packet-too-large',
} as const
