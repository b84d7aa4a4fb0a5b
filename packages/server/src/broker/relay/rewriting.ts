import type { Connack, ConnackProperties, Connect } from '../../mqtt/index.ts'
import { clientIdOf } from '../client/client-id.ts'
import { type ClientLimits, maxPacketSizeBytes } from '../client/client-limits.ts'
import { topicAliasesFor } from '../client/fielded-devices.ts'
import { responsePrefixOf } from '../client/rights.ts'
import type { AttachRequest } from '../port.ts'

/**
 * The cluster is told a longer Keep Alive than the client: so it is here that a silent client is noticed, and the reason known.
 * A gateway that is gone is noticed by the cluster all the same.
 */
export const keepAliveMarginSeconds = 10
const maxUint16 = 0xffff

/**
 * The client's CONNECT as the cluster gets it: with the session's id as client identifier, and the gateway's credentials. MQTT 3.1
 * goes on as 3.1.1, whose packets are the same, and which has no limit of 23 characters.
 */
export function upstreamConnect(
  { identity, connect, keepAliveSeconds }: AttachRequest,
  credentials: Pick<Connect, 'userName' | 'password'>,
  will: Connect['will'],
): Connect {
  const { protocolLevel, cleanStart, properties } = connect
  return {
    type: 'connect',
    protocolLevel: protocolLevel === 5 ? 5 : 4,
    cleanStart,
    keepAliveSeconds: keepAliveSeconds === 0 ? 0 : Math.min(keepAliveSeconds + keepAliveMarginSeconds, maxUint16),
    clientId: identity.sessionId,
    ...credentials,
    will,
    properties,
  }
}

export interface ClientAnswer {
  readonly connack: Connack
  /** In force from here on: the cluster may want a shorter one. */
  readonly keepAliveSeconds: number
  /** Topic aliases that the client may set. */
  readonly topicAliasMaximum: number
}

/** The cluster's CONNACK as the client gets it. Its offers hold, within what a gateway takes of one client. */
export function clientAnswer(request: AttachRequest, connack: Connack, limits: ClientLimits): ClientAnswer {
  const { connect, identity, keepAliveSeconds: own, keepAliveChanged } = request
  const { properties = {}, sessionPresent } = connack
  if (connect.protocolLevel !== 5) {
    return { connack: { type: 'connack', sessionPresent, reasonCode: 0 }, keepAliveSeconds: own, topicAliasMaximum: 0 }
  }
  const wanted = properties.serverKeepAliveSeconds ?? 0
  const isShorter = wanted > 0 && (own === 0 || wanted < own)
  const keepAliveSeconds = isShorter ? wanted : own
  const topicAliasMaximum = Math.min(
    properties.topicAliasMaximum ?? 0,
    topicAliasesFor(request, limits.topicAliasMaximum),
  )
  const { serverReference: _elsewhere, ...rest } = properties
  const told: ConnackProperties = {
    ...rest,
    receiveMaximum: Math.min(properties.receiveMaximum ?? maxUint16, limits.receiveMaximum),
    maximumPacketSizeBytes: Math.min(properties.maximumPacketSizeBytes ?? Infinity, maxPacketSizeBytes(limits)),
    topicAliasMaximum: topicAliasMaximum > 0 ? topicAliasMaximum : undefined,
    assignedClientIdentifier: connect.clientId === '' ? clientIdOf(identity) : undefined, // [MQTT-3.2.2-16]
    responseInformation: connect.properties?.requestResponseInformation ? responsePrefixOf(identity) : undefined,
    serverKeepAliveSeconds: isShorter || keepAliveChanged ? keepAliveSeconds : undefined, // [MQTT-3.1.2-21]
  }
  const answer: Connack = { type: 'connack', sessionPresent, reasonCode: 0, properties: told }
  return { connack: answer, keepAliveSeconds, topicAliasMaximum }
}
