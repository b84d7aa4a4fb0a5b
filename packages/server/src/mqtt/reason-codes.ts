/** MQTT 5.0 reason codes by name. [MQTT 5.0 section 2.4] */
export const reasonCodes = {
  success: 0x00,
  normalDisconnection: 0x00,
  grantedQos0: 0x00,
  grantedQos1: 0x01,
  grantedQos2: 0x02,
  disconnectWithWillMessage: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  continueAuthentication: 0x18,
  reAuthenticate: 0x19,
  unspecifiedError: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecificError: 0x83,
  unsupportedProtocolVersion: 0x84,
  clientIdentifierNotValid: 0x85,
  badUserNameOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  banned: 0x8a,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdentifierInUse: 0x91,
  packetIdentifierNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
  useAnotherServer: 0x9c,
  serverMoved: 0x9d,
  sharedSubscriptionsNotSupported: 0x9e,
  connectionRateExceeded: 0x9f,
  maximumConnectTime: 0xa0,
  subscriptionIdentifiersNotSupported: 0xa1,
  wildcardSubscriptionsNotSupported: 0xa2,
} as const

/** CONNACK return codes of MQTT 3.1 and 3.1.1. [MQTT 3.1.1 section 3.2.2.3] */
export const connectReturnCodes = {
  accepted: 0,
  unacceptableProtocolVersion: 1,
  identifierRejected: 2,
  serverUnavailable: 3,
  badUserNameOrPassword: 4,
  notAuthorized: 5,
} as const

/** SUBACK return code of MQTT 3.1.1 for a filter that is refused; the others are the granted QoS. */
export const subscribeFailure = 0x80

type CodedPacket =
  | 'connack'
  | 'puback'
  | 'pubrec'
  | 'pubrel'
  | 'pubcomp'
  | 'suback'
  | 'unsuback'
  | 'disconnect'
  | 'auth'

const received = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]

/** The reason codes that each packet of MQTT 5 may carry. [MQTT 5.0 section 2.4] */
const codesOf: Readonly<Record<CodedPacket, ReadonlySet<number>>> = {
  connack: new Set([0x00, ...range(0x80, 0x8a), 0x8c, 0x90, 0x95, 0x97, 0x99, ...range(0x9a, 0x9d), 0x9f]),
  puback: new Set(received),
  pubrec: new Set(received),
  pubrel: new Set([0x00, 0x92]),
  pubcomp: new Set([0x00, 0x92]),
  suback: new Set([0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]),
  unsuback: new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]),
  disconnect: new Set([0x00, 0x04, ...range(0x80, 0x83), 0x87, 0x89, 0x8b, ...range(0x8c, 0x90), ...range(0x93, 0xa2)]),
  auth: new Set([0x00, 0x18, 0x19]),
}

/** Whether a packet may carry this code at this level. Below MQTT 5 only CONNACK and SUBACK carry any. */
export function isReasonCode(packet: CodedPacket, code: number, level: 3 | 4 | 5): boolean {
  if (level === 5) return codesOf[packet].has(code)
  if (packet === 'connack') return code <= connectReturnCodes.notAuthorized
  return packet === 'suback' && (code <= 2 || code === subscribeFailure)
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
