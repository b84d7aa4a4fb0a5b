import type { ReasonCode } from '@hatchway/protocol'
import type { Pubrel, Qos } from '../../../mqtt/index.ts'
import type { Effect } from './effects.ts'
import type { SessionState } from './state.ts'

/** What becomes of one PUBLISH from the client. */
export interface PublishVerdict {
  readonly route: boolean
  readonly acknowledge: 'puback' | 'pubrec' | undefined
  /** MQTT 5's code of the acknowledgement; below it none is sent. */
  readonly reasonCode: number
  readonly incident: ReasonCode | undefined
  /** The connection ends over it. */
  readonly closes: boolean
}

export interface InboundPublish {
  readonly qos: Qos
  readonly packetId: number
}

const accepted: PublishVerdict = {
  route: true,
  acknowledge: undefined,
  reasonCode: 0,
  incident: undefined,
  closes: false,
}
const acceptedQos1: PublishVerdict = { ...accepted, acknowledge: 'puback' }
const acceptedQos2: PublishVerdict = { ...accepted, acknowledge: 'pubrec' }
const repeatedQos2: PublishVerdict = { ...acceptedQos2, route: false }
const refused: PublishVerdict = { ...accepted, route: false, reasonCode: 0x87, incident: 'topic-not-allowed-publish' }
const refusedQos1: PublishVerdict = { ...refused, acknowledge: 'puback' }
const refusedQos2: PublishVerdict = { ...refused, acknowledge: 'pubrec' }
const tooMany: PublishVerdict = {
  ...accepted,
  route: false,
  reasonCode: 0x93,
  incident: 'receive-maximum-exceeded',
  closes: true,
}

/**
 * A PUBLISH from the client. The verdicts are constants: this runs for every message, and allocates nothing.
 * A message that it may not publish is acknowledged all the same: a client can't be told no below MQTT 5, and would send
 * it again for ever. A QoS 2 message is routed when it comes, and its packet identifier kept until PUBREL. [MQTT-4.3.3-2]
 */
export function receivePublish<Message>(
  session: SessionState<Message>,
  { qos, packetId }: InboundPublish,
  mayPublish: boolean,
): PublishVerdict {
  if (qos === 0) return mayPublish ? accepted : refused
  if (qos === 1) return mayPublish ? acceptedQos1 : refusedQos1
  const { unreleased, level, limits } = session
  if (unreleased.has(packetId)) return repeatedQos2 // [MQTT-4.3.3-10]
  // An MQTT 5 client gets an error in PUBREC and forgets the packet identifier; an older one goes on to PUBREL.
  if (!mayPublish && level === 5) return refusedQos2 // [MQTT-4.3.3-9]
  if (level === 5 && unreleased.size >= limits.receiveMaximum) return tooMany // [MQTT-3.3.4-7]
  unreleased.add(packetId)
  return mayPublish ? acceptedQos2 : refusedQos2
}

/** PUBREL: the packet identifier is free again. [MQTT-4.3.3-11] */
export function release<Message>(session: SessionState<Message>, { packetId }: Pubrel): readonly Effect[] {
  const isKnown = session.unreleased.delete(packetId)
  const pubcomp: Effect = { do: 'send', packet: { type: 'pubcomp', packetId, reasonCode: isKnown ? 0 : 0x92 } }
  return isKnown ? [{ do: 'forgotten', packetId }, pubcomp] : [pubcomp]
}
