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
  /** There is room for the session, if it is to outlive its connection. */
  readonly hasRoom: boolean
  readonly sessionPresent: boolean
  /** Session Expiry Interval granted. */
  readonly expirySeconds: number
}

const maxPacketIds = 0xffff
/** The longest that a fixed header can announce, itself included. [MQTT 5.0 section 1.5.5] */
const largestPacketBytes = 5 + 0x0fff_ffff

/**
 * The CONNACK of an admitted client. What it says nothing about is available: retained messages, QoS 2, wildcards,
 * subscription identifiers, shared subscriptions. [MQTT 5.0 section 3.2.2.3]
 */
export function connack(acceptance: Acceptance): Connack {
  const { connect, receiveMaximum, isClosing, hasRoom, sessionPresent, expirySeconds } = acceptance
  if (connect.protocolLevel !== 5) {
    if (isClosing || !hasRoom) return plain(connectReturnCodes.serverUnavailable)
    return { type: 'connack', sessionPresent, reasonCode: 0 } // [MQTT-3.2.2-3]
  }
  if (isClosing) return plain(reasonCodes.serverUnavailable)
  // A method that the server does not serve. [MQTT-4.12.0-1]
  if (connect.properties?.authenticationMethod !== undefined) return plain(reasonCodes.badAuthenticationMethod)
  if (!hasRoom) return plain(reasonCodes.quotaExceeded)
  const asked = connect.properties?.sessionExpiryIntervalSeconds ?? 0
  const properties: ConnackProperties = {
    sessionExpiryIntervalSeconds: asked === expirySeconds ? undefined : expirySeconds, // [MQTT-3.2.2-21]
    receiveMaximum: receiveMaximum < maxPacketIds ? receiveMaximum : undefined,
    maximumPacketSizeBytes: acceptance.maxPacketSizeBytes,
    assignedClientIdentifier: connect.clientId === '' ? acceptance.assignedClientId : undefined, // [MQTT-3.2.2-16]
    topicAliasMaximum: acceptance.topicAliasMaximum > 0 ? acceptance.topicAliasMaximum : undefined,
    responseInformation: connect.properties?.requestResponseInformation ? acceptance.responseInformation : undefined,
    serverKeepAliveSeconds: acceptance.keepAliveChanged ? acceptance.keepAliveSeconds : undefined, // [MQTT-3.1.2-21]
  }
  return { type: 'connack', sessionPresent, reasonCode: 0, properties }
}

function plain(reasonCode: number): Connack {
  return { type: 'connack', sessionPresent: false, reasonCode }
}

export interface ExpiryRules {
  /** Of sessions of MQTT 3.1 and 3.1.1 clients that ask for one that stays. */
  readonly sessionExpirySeconds: number
  /** Longest that is granted; 0xFFFFFFFF = never ends, if the client asks for that. */
  readonly sessionExpiryMaxSeconds: number
}

/** How long the session outlives the connection; 0 = not at all. [MQTT 5.0 section 3.1.2.11.2] */
export function expiryOf({ protocolLevel, cleanStart, properties }: Connect, rules: ExpiryRules): number {
  const kept = cleanStart ? 0 : rules.sessionExpirySeconds
  const asked = protocolLevel === 5 ? (properties?.sessionExpiryIntervalSeconds ?? 0) : kept
  return Math.min(asked, rules.sessionExpiryMaxSeconds)
}

/** Messages of QoS 1 and 2 that may be out to the client: what it asks for, and no more than the server's own bound. */
export function outboundWindow({ properties }: Connect, inFlight: number): number {
  return Math.min(inFlight, properties?.receiveMaximum ?? maxPacketIds) // [MQTT-3.3.4-9]
}

/** Larger packets are not sent to the client. [MQTT-3.1.2-24] */
export function largestPacketFor({ properties }: Connect): number {
  return Math.min(properties?.maximumPacketSizeBytes ?? largestPacketBytes, largestPacketBytes)
}
