import {
  type Connack,
  connectReturnCodes,
  decodeConnack,
  type Frame,
  type ProtocolLevel,
  packetTypeOf,
  reasonCodes,
} from '../../../mqtt/index.ts'

/** What the first packet of a host means. */
export type UpstreamAnswer =
  | { readonly kind: 'accepted'; readonly connack: Connack }
  /** This host can't take the connection now; another one may. */
  | { readonly kind: 'unavailable'; readonly problem: string }
  /** It speaks MQTT 3.1.1 only. */
  | { readonly kind: 'version' }
  /** Another host would say the same. `passesOn` = the client’s own CONNECT is at fault, and this MQTT 5 code says so. */
  | { readonly kind: 'refused'; readonly problem: string; readonly passesOn: number | undefined }

const plainLength = 2
const elsewhere: ReadonlySet<number> = new Set([
  reasonCodes.serverUnavailable,
  reasonCodes.serverBusy,
  reasonCodes.useAnotherServer,
  reasonCodes.serverMoved,
  reasonCodes.connectionRateExceeded,
  reasonCodes.quotaExceeded,
])
/** Of the will, or the packet as a whole. */
const ofTheClient: ReadonlySet<number> = new Set([
  reasonCodes.topicNameInvalid,
  reasonCodes.packetTooLarge,
  reasonCodes.payloadFormatInvalid,
  reasonCodes.retainNotSupported,
  reasonCodes.qosNotSupported,
])

/** Throws MalformedPacket. */
export function readAnswer(frame: Frame, level: ProtocolLevel): UpstreamAnswer {
  const type = packetTypeOf(frame.firstByte)
  if (type !== 'connack') return { kind: 'unavailable', problem: `it answered CONNECT with ${type.toUpperCase()}` }
  // A server that does not know MQTT 5 answers in the older form.
  const isPlain = level === 5 && frame.end - frame.bodyStart === plainLength
  if (isPlain && frame.buffer[frame.bodyStart + 1] !== reasonCodes.success) return ofCode(frame, 4)
  return ofCode(frame, level)
}

function ofCode(frame: Frame, level: ProtocolLevel): UpstreamAnswer {
  const connack = decodeConnack(frame, level)
  const { reasonCode, properties } = connack
  if (reasonCode === 0) return { kind: 'accepted', connack }
  const said = properties?.reasonString === undefined ? '' : ` (${properties.reasonString})`
  const problem = `it answered CONNECT with code ${level === 5 ? `0x${reasonCode.toString(16)}` : reasonCode}${said}`
  if (level !== 5) {
    if (reasonCode === connectReturnCodes.unacceptableProtocolVersion) return { kind: 'version' }
    if (reasonCode === connectReturnCodes.serverUnavailable) return { kind: 'unavailable', problem }
    return { kind: 'refused', problem, passesOn: undefined }
  }
  if (reasonCode === reasonCodes.unsupportedProtocolVersion) return { kind: 'version' }
  if (elsewhere.has(reasonCode)) return { kind: 'unavailable', problem }
  return { kind: 'refused', problem, passesOn: ofTheClient.has(reasonCode) ? reasonCode : undefined }
}
