/** Where properties can stand: a packet type, or the will inside CONNECT. */
export type PropertyScope =
  | 'connect'
  | 'connack'
  | 'publish'
  | 'will'
  | 'puback'
  | 'pubrec'
  | 'pubrel'
  | 'pubcomp'
  | 'subscribe'
  | 'suback'
  | 'unsubscribe'
  | 'unsuback'
  | 'disconnect'
  | 'auth'

/** What a value of each wire type is in memory. `bit` and `flag` are one byte, 0 or 1. */
export interface WireValues {
  bit: 0 | 1
  flag: boolean
  uint16: number
  positiveUint16: number
  topicAlias: number
  uint32: number
  positiveUint32: number
  positiveInteger: number
  string: string
  topicName: string
  binary: Buffer
  pair: readonly [name: string, value: string]
}

export interface PropertyDefinition {
  readonly id: number
  readonly wire: keyof WireValues
  readonly scopes: readonly PropertyScope[]
  /** It may stand several times; its value is an array in order of appearance. */
  readonly repeats: boolean
}

const acknowledgements = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback'] as const
const everywhere = ['connect', 'connack', 'publish', 'will', ...acknowledgements, 'subscribe', 'unsubscribe'] as const

/** Every MQTT 5 property: identifier, wire type, the packets that may carry it. [MQTT 5.0 section 2.2.2.2] */
export const propertyTable = {
  payloadFormatIndicator: { id: 0x01, wire: 'bit', scopes: ['publish', 'will'], repeats: false },
  messageExpiryIntervalSeconds: { id: 0x02, wire: 'uint32', scopes: ['publish', 'will'], repeats: false },
  contentType: { id: 0x03, wire: 'string', scopes: ['publish', 'will'], repeats: false },
  responseTopic: { id: 0x08, wire: 'topicName', scopes: ['publish', 'will'], repeats: false },
  correlationData: { id: 0x09, wire: 'binary', scopes: ['publish', 'will'], repeats: false },
  // One identifier in two shapes: a PUBLISH carries those of all subscriptions it matched, a SUBSCRIBE has one.
  subscriptionIdentifiers: { id: 0x0b, wire: 'positiveInteger', scopes: ['publish'], repeats: true },
  subscriptionIdentifier: { id: 0x0b, wire: 'positiveInteger', scopes: ['subscribe'], repeats: false },
  sessionExpiryIntervalSeconds: {
    id: 0x11,
    wire: 'uint32',
    scopes: ['connect', 'connack', 'disconnect'],
    repeats: false,
  },
  assignedClientIdentifier: { id: 0x12, wire: 'string', scopes: ['connack'], repeats: false },
  serverKeepAliveSeconds: { id: 0x13, wire: 'uint16', scopes: ['connack'], repeats: false },
  authenticationMethod: { id: 0x15, wire: 'string', scopes: ['connect', 'connack', 'auth'], repeats: false },
  authenticationData: { id: 0x16, wire: 'binary', scopes: ['connect', 'connack', 'auth'], repeats: false },
  requestProblemInformation: { id: 0x17, wire: 'flag', scopes: ['connect'], repeats: false },
  willDelayIntervalSeconds: { id: 0x18, wire: 'uint32', scopes: ['will'], repeats: false },
  requestResponseInformation: { id: 0x19, wire: 'flag', scopes: ['connect'], repeats: false },
  responseInformation: { id: 0x1a, wire: 'string', scopes: ['connack'], repeats: false },
  serverReference: { id: 0x1c, wire: 'string', scopes: ['connack', 'disconnect'], repeats: false },
  reasonString: {
    id: 0x1f,
    wire: 'string',
    scopes: ['connack', ...acknowledgements, 'disconnect', 'auth'],
    repeats: false,
  },
  receiveMaximum: { id: 0x21, wire: 'positiveUint16', scopes: ['connect', 'connack'], repeats: false },
  topicAliasMaximum: { id: 0x22, wire: 'uint16', scopes: ['connect', 'connack'], repeats: false },
  topicAlias: { id: 0x23, wire: 'topicAlias', scopes: ['publish'], repeats: false },
  maximumQos: { id: 0x24, wire: 'bit', scopes: ['connack'], repeats: false },
  retainAvailable: { id: 0x25, wire: 'flag', scopes: ['connack'], repeats: false },
  userProperties: { id: 0x26, wire: 'pair', scopes: [...everywhere, 'disconnect', 'auth'], repeats: true },
  maximumPacketSizeBytes: { id: 0x27, wire: 'positiveUint32', scopes: ['connect', 'connack'], repeats: false },
  wildcardSubscriptionAvailable: { id: 0x28, wire: 'flag', scopes: ['connack'], repeats: false },
  subscriptionIdentifiersAvailable: { id: 0x29, wire: 'flag', scopes: ['connack'], repeats: false },
  sharedSubscriptionAvailable: { id: 0x2a, wire: 'flag', scopes: ['connack'], repeats: false },
} as const satisfies Record<string, PropertyDefinition>

type PropertyTable = typeof propertyTable
type Value<Definition extends PropertyDefinition> = Definition['repeats'] extends true
  ? readonly WireValues[Definition['wire']][]
  : WireValues[Definition['wire']]

/** The properties that `Scope` may carry, each optional, typed by the table. */
export type PropertiesOf<Scope extends PropertyScope> = {
  readonly [Name in keyof PropertyTable as Scope extends PropertyTable[Name]['scopes'][number] ? Name : never]?:
    | Value<PropertyTable[Name]>
    | undefined
}
