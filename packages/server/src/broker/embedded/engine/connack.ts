import {
  type Connack,
  type ConnackProperties,
  type Connect,
  connectReturnCodes,
  reasonCodes,
} from '../../../mqtt/index.ts'

/** What the server offers, and what admission decided. */
export interface Acceptance {
  readonly connect: Connect
  readonly keepAliveSeconds: number
  readonly keepAliveChanged: boolean
  readonly receiveMaximum: number
  /** 0 = the client may set none. */
  readonly topicAliasMaximum: number
  readonly maxPacketSizeBytes: number
  /** Where the client may have responses sent to, if it asks. */
  readonly responseInformation: string | undefined
  /** For a client that came with an empty client identifier. */
  readonly assignedClientId: string
  /** The server takes no more clients. */
  readonly isClosing: boolean
}

const maxPacketIds = 0xffff

/**
 * The CONNACK of an admitted client. What it says nothing about is available: retained messages, QoS 2, wildcards,
 * subscription identifiers, shared subscriptions. Sessions end with their connection so far, and an MQTT 5 client is told.
 * [MQTT 5.0 section 3.2.2.3]
 */
export function connack(acceptance: Acceptance): Connack {
  const { connect, receiveMaximum, isClosing } = acceptance
  if (connect.protocolLevel !== 5) return plain(isClosing ? connectReturnCodes.serverUnavailable : 0)
  if (isClosing) return plain(reasonCodes.serverUnavailable)
  // A method that the server does not serve. [MQTT-4.12.0-1]
  if (connect.properties?.authenticationMethod !== undefined) return plain(reasonCodes.badAuthenticationMethod)
  const properties: ConnackProperties = {
    sessionExpiryIntervalSeconds: connect.properties?.sessionExpiryIntervalSeconds ? 0 : undefined,
    receiveMaximum: receiveMaximum < maxPacketIds ? receiveMaximum : undefined,
    maximumPacketSizeBytes: acceptance.maxPacketSizeBytes,
    assignedClientIdentifier: connect.clientId === '' ? acceptance.assignedClientId : undefined, // [MQTT-3.2.2-16]
    topicAliasMaximum: acceptance.topicAliasMaximum > 0 ? acceptance.topicAliasMaximum : undefined,
    responseInformation: connect.properties?.requestResponseInformation ? acceptance.responseInformation : undefined,
    serverKeepAliveSeconds: acceptance.keepAliveChanged ? acceptance.keepAliveSeconds : undefined, // [MQTT-3.1.2-21]
  }
  return { type: 'connack', sessionPresent: false, reasonCode: 0, properties }
}

function plain(reasonCode: number): Connack {
  return { type: 'connack', sessionPresent: false, reasonCode }
}

/** Messages of QoS 1 and 2 that may be out to the client: what it asks for, and no more than the server's own bound. */
export function outboundWindow({ properties }: Connect, inFlight: number): number {
  return Math.min(inFlight, properties?.receiveMaximum ?? maxPacketIds) // [MQTT-3.3.4-9]
}

/** Larger packets are not sent to the client. [MQTT-3.1.2-24] */
export function largestPacketFor({ properties }: Connect): number {
  return properties?.maximumPacketSizeBytes ?? Number.POSITIVE_INFINITY
}
