import type { MalformedReasonCode } from './errors.ts'
import type { ProtocolLevel } from './frame.ts'
import type { Packet } from './packet.ts'

/**
 * Bytes and what they mean. `written` is there where we read what we would write differently: the tolerated forms.
 */
export interface GoodCase {
  readonly name: string
  readonly level: ProtocolLevel
  readonly bytes: Buffer
  readonly packet: Packet
  readonly written?: Buffer
}

export interface BadCase {
  readonly name: string
  readonly level: ProtocolLevel
  readonly bytes: Buffer
  readonly reasonCode: MalformedReasonCode
  readonly message: RegExp
}

/** The bytes of hexadecimal text; white space is for reading. */
export function hex(...parts: string[]): Buffer {
  return Buffer.from(parts.join('').replaceAll(/\s/g, ''), 'hex')
}

/** A length of two bytes and the text, in hexadecimal. */
export function text(value: string): string {
  const bytes = Buffer.from(value)
  return bytes.length.toString(16).padStart(4, '0') + bytes.toString('hex')
}

/** A packet: first byte, length, body. */
function wire(firstByte: string, ...body: string[]): Buffer {
  return hex(firstByte, block(...body))
}

/** Bytes with their length in front (two bytes from 128 on), in hexadecimal. */
function block(...parts: string[]): string {
  const bytes = hex(...parts)
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7]
  return Buffer.of(...length).toString('hex') + bytes.toString('hex')
}

const mqtt = text('MQTT')
const mqisdp = text('MQIsdp')
const connect = { type: 'connect', cleanStart: true, keepAliveSeconds: 60, clientId: 'a' } as const
const message = {
  type: 'publish',
  topic: 'a/b',
  payload: Buffer.from('hi'),
  qos: 0,
  retain: false,
  dup: false,
} as const
const plain = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const

const connects: GoodCase[] = [
  {
    name: 'CONNECT of MQTT 3.1.1, bare',
    level: 4,
    bytes: wire('10', mqtt, '04 02 003c', text('a')),
    packet: { ...connect, protocolLevel: 4 },
  },
  {
    name: 'CONNECT of MQTT 3.1 with a client identifier of more than 23 bytes',
    level: 3,
    bytes: wire('10', mqisdp, '03 c2 0000', text('dev1.pk1|securemode=3,timestamp=1|'), text('dev1&pk1'), text('00ff')),
    packet: {
      ...connect,
      protocolLevel: 3,
      keepAliveSeconds: 0,
      clientId: 'dev1.pk1|securemode=3,timestamp=1|',
      userName: 'dev1&pk1',
      password: Buffer.from('00ff'),
    },
  },
  {
    name: 'CONNECT of MQTT 3.1 that ends before the user name it announces',
    level: 3,
    bytes: wire('10', mqisdp, '03 82 003c', text('a')),
    packet: { ...connect, protocolLevel: 3 },
    written: wire('10', mqisdp, '03 02 003c', text('a')),
  },
  {
    name: 'CONNECT of MQTT 3.1 that ends before the password it announces',
    level: 3,
    bytes: wire('10', mqisdp, '03 c2 003c', text('a'), text('u')),
    packet: { ...connect, protocolLevel: 3, userName: 'u' },
    written: wire('10', mqisdp, '03 82 003c', text('a'), text('u')),
  },
  {
    name: 'CONNECT of MQTT 3.1 with the reserved flag and a will retain without a will',
    level: 3,
    bytes: wire('10', mqisdp, '03 23 003c', text('a')),
    packet: { ...connect, protocolLevel: 3 },
    written: wire('10', mqisdp, '03 02 003c', text('a')),
  },
  {
    name: 'CONNECT of MQTT 3.1.1 with everything [MQTT-3.1.3-1]',
    level: 4,
    bytes: wire('10', mqtt, '04 f4 ffff', text(''), text('w/t'), text('gone'), text('user'), text('pass')),
    packet: {
      ...connect,
      protocolLevel: 4,
      cleanStart: false,
      keepAliveSeconds: 65535,
      clientId: '',
      will: { topic: 'w/t', payload: Buffer.from('gone'), qos: 2, retain: true },
      userName: 'user',
      password: Buffer.from('pass'),
    },
  },
  {
    name: 'CONNECT of MQTT 5 with a password and no user name',
    level: 5,
    bytes: wire('10', mqtt, '05 42 003c 00', text('a'), '0002 ff00'),
    packet: { ...connect, protocolLevel: 5, password: hex('ff00') },
  },
  {
    name: 'CONNECT of MQTT 5 with properties and a will with properties',
    level: 5,
    bytes: wire(
      '10',
      `${mqtt} 05 0e 003c`,
      block(
        `11 0000000a 15 ${text('SCRAM')} 16 0002 0102 17 00 19 01 21 000a 22 0005 26 ${text('k')} ${text('v')}`,
        '27 00010000',
      ),
      text('a'),
      block(
        `01 01 02 00000e10 03 ${text('json')} 08 ${text('r/t')} 09 0001 ff 18 0000001e`,
        `26 ${text('k')} ${text('1')} 26 ${text('k')} ${text('2')}`,
      ),
      text('w'),
      text('bye'),
    ),
    packet: {
      ...connect,
      protocolLevel: 5,
      properties: {
        sessionExpiryIntervalSeconds: 10,
        authenticationMethod: 'SCRAM',
        authenticationData: hex('0102'),
        requestProblemInformation: false,
        requestResponseInformation: true,
        receiveMaximum: 10,
        topicAliasMaximum: 5,
        userProperties: [['k', 'v']],
        maximumPacketSizeBytes: 65536,
      },
      will: {
        topic: 'w',
        payload: Buffer.from('bye'),
        qos: 1,
        retain: false,
        properties: {
          payloadFormatIndicator: 1,
          messageExpiryIntervalSeconds: 3600,
          contentType: 'json',
          responseTopic: 'r/t',
          correlationData: hex('ff'),
          willDelayIntervalSeconds: 30,
          userProperties: [
            ['k', '1'],
            ['k', '2'],
          ],
        },
      },
    },
  },
]

const connacks: GoodCase[] = [
  {
    name: 'CONNACK of MQTT 3.1.1, session present',
    level: 4,
    bytes: hex('20 02 01 00'),
    packet: { type: 'connack', sessionPresent: true, reasonCode: 0 },
  },
  {
    name: 'CONNACK of MQTT 3.1, refused',
    level: 3,
    bytes: hex('20 02 00 04'),
    packet: { type: 'connack', sessionPresent: false, reasonCode: 4 },
  },
  {
    name: 'CONNACK of MQTT 3.1 whose reserved byte is used',
    level: 3,
    bytes: hex('20 02 01 00'),
    packet: { type: 'connack', sessionPresent: false, reasonCode: 0 },
    written: hex('20 02 00 00'),
  },
  {
    name: 'CONNACK of MQTT 5 without properties [MQTT-2.2.2-1 of 5.0]',
    level: 5,
    bytes: hex('20 03 00 86 00'),
    packet: { type: 'connack', sessionPresent: false, reasonCode: 0x86 },
  },
  {
    name: 'CONNACK of MQTT 5 with properties',
    level: 5,
    bytes: wire(
      '20',
      '01 00',
      block(
        `11 00000078 12 ${text('id')} 13 0064 1a ${text('i')} 1c ${text('s')} 1f ${text('r')}`,
        '21 0001 22 ffff 24 01 25 00 26 0000 0000 27 00000001 28 00 29 01 2a 00',
      ),
    ),
    packet: {
      type: 'connack',
      sessionPresent: true,
      reasonCode: 0,
      properties: {
        sessionExpiryIntervalSeconds: 120,
        assignedClientIdentifier: 'id',
        serverKeepAliveSeconds: 100,
        responseInformation: 'i',
        serverReference: 's',
        reasonString: 'r',
        receiveMaximum: 1,
        topicAliasMaximum: 65535,
        maximumQos: 1,
        retainAvailable: false,
        userProperties: [['', '']],
        maximumPacketSizeBytes: 1,
        wildcardSubscriptionAvailable: false,
        subscriptionIdentifiersAvailable: true,
        sharedSubscriptionAvailable: false,
      },
    },
  },
]

const publishes: GoodCase[] = [
  {
    name: 'PUBLISH of QoS 0 [MQTT-2.2.1-2] [MQTT-2.3.1-5]',
    level: 4,
    bytes: wire('30', text('a/b'), '6869'),
    packet: message,
  },
  {
    name: 'PUBLISH of QoS 1, retained, without payload',
    level: 4,
    bytes: wire('33', text('a/b'), '000a'),
    packet: { ...message, qos: 1, retain: true, packetId: 10, payload: Buffer.alloc(0) },
  },
  {
    name: 'PUBLISH of QoS 2, sent again, with the largest packet identifier',
    level: 3,
    bytes: wire('3c', text('a/b'), 'ffff', '6869'),
    packet: { ...message, qos: 2, dup: true, packetId: 65535 },
  },
  {
    name: 'PUBLISH of MQTT 3.1 with DUP and QoS 0',
    level: 3,
    bytes: wire('38', text('a/b'), '6869'),
    packet: message,
    written: wire('30', text('a/b'), '6869'),
  },
  {
    name: 'PUBLISH whose topic begins with a BOM and holds U+FFFD and an emoji [MQTT-1.5.4-3] [MQTT-1.5.3-3]',
    level: 4,
    bytes: wire('30', text('\ufeff\ufffd😀'), '6869'),
    packet: { ...message, topic: '\ufeff\ufffd😀' },
  },
  {
    name: 'PUBLISH of MQTT 5 without properties [MQTT-2.2.2-1 of 5.0]',
    level: 5,
    bytes: wire('32', text('a/b'), '0001 00 6869'),
    packet: { ...message, qos: 1, packetId: 1 },
  },
  {
    name: 'PUBLISH of MQTT 5 with a topic alias in place of the topic',
    level: 5,
    bytes: wire('30', text(''), '03 23 0001 6869'),
    packet: { ...message, topic: '', properties: { topicAlias: 1 } },
  },
  {
    name: 'PUBLISH of MQTT 5 with properties, subscription identifiers of each length',
    level: 5,
    bytes: wire(
      '30',
      text('a/b'),
      block(
        `01 01 02 00000001 03 ${text('t')} 08 ${text('r')} 09 0001 00`,
        '0b 01 0b 80 01 0b 80 80 01 0b ff ff ff 7f',
        `23 ffff 26 ${text('k')} ${text('v')}`,
      ),
      '6869',
    ),
    packet: {
      ...message,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryIntervalSeconds: 1,
        contentType: 't',
        responseTopic: 'r',
        correlationData: hex('00'),
        subscriptionIdentifiers: [1, 128, 16384, 268435455],
        topicAlias: 65535,
        userProperties: [['k', 'v']],
      },
    },
  },
]

const acknowledgementTypes = [
  ['puback', '40', 0x10],
  ['pubrec', '50', 0x97],
  ['pubrel', '62', 0x92],
  ['pubcomp', '70', 0x92],
] as const

const acknowledgements: GoodCase[] = acknowledgementTypes.flatMap(([type, firstByte, reasonCode]): GoodCase[] => {
  const name = type.toUpperCase()
  const code = reasonCode.toString(16)
  const packet = { type, packetId: 0x1234, reasonCode: 0 } as const
  const reasonString = { reasonString: 'why' }
  const bare = wire(firstByte, '1234')
  const withReason = wire(firstByte, '1234', code)
  return [
    { name: `${name} of MQTT 3.1`, level: 3, bytes: bare, packet },
    { name: `${name} of MQTT 3.1.1`, level: 4, bytes: bare, packet },
    { name: `${name} of MQTT 5, bare`, level: 5, bytes: bare, packet },
    { name: `${name} with a reason code`, level: 5, bytes: withReason, packet: { ...packet, reasonCode } },
    {
      name: `${name} with a reason string`,
      level: 5,
      bytes: wire(firstByte, '1234 00 06 1f', text('why')),
      packet: { ...packet, properties: reasonString },
    },
    { name: `${name} with a needless success`, level: 5, bytes: wire(firstByte, '1234 00'), packet, written: bare },
    {
      name: `${name} with a needless property length`,
      level: 5,
      bytes: wire(firstByte, '1234', code, '00'),
      packet: { ...packet, reasonCode },
      written: withReason,
    },
  ]
})

const subscriptions: GoodCase[] = [
  {
    name: 'SUBSCRIBE of MQTT 3.1.1 with two filters',
    level: 4,
    bytes: wire('82', '0001', text('a/+'), '00', text('#'), '02'),
    packet: {
      type: 'subscribe',
      packetId: 1,
      subscriptions: [
        { ...plain, filter: 'a/+', qos: 0 },
        { ...plain, filter: '#', qos: 2 },
      ],
    },
  },
  {
    name: 'SUBSCRIBE of MQTT 3.1 sent again, with upper option bits',
    level: 3,
    bytes: wire('8a', '0001', text('a'), 'fd'),
    packet: { type: 'subscribe', packetId: 1, subscriptions: [{ ...plain, filter: 'a', qos: 1 }] },
    written: wire('82', '0001', text('a'), '01'),
  },
  {
    name: 'SUBSCRIBE of MQTT 5 with options and properties',
    level: 5,
    bytes: wire('82', '0001', block(`0b 01 26 ${text('k')} ${text('')}`), text('a'), '2d', text('$share/g/b'), '1a'),
    packet: {
      type: 'subscribe',
      packetId: 1,
      properties: { subscriptionIdentifier: 1, userProperties: [['k', '']] },
      subscriptions: [
        { filter: 'a', qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 },
        { filter: '$share/g/b', qos: 2, noLocal: false, retainAsPublished: true, retainHandling: 1 },
      ],
    },
  },
  {
    name: 'SUBACK of MQTT 3.1.1',
    level: 4,
    bytes: hex('90 06 0001 00 01 02 80'),
    packet: { type: 'suback', packetId: 1, reasonCodes: [0, 1, 2, 0x80] },
  },
  {
    name: 'SUBACK of MQTT 5',
    level: 5,
    bytes: wire('90', '0001 04 1f', text('r'), '02 87'),
    packet: { type: 'suback', packetId: 1, reasonCodes: [2, 0x87], properties: { reasonString: 'r' } },
  },
  {
    name: 'UNSUBSCRIBE of MQTT 3.1.1',
    level: 4,
    bytes: wire('a2', '0002', text('a/+'), text('b')),
    packet: { type: 'unsubscribe', packetId: 2, filters: ['a/+', 'b'] },
  },
  {
    name: 'UNSUBSCRIBE of MQTT 5',
    level: 5,
    bytes: wire('a2', `0002 07 26 ${text('k')} ${text('v')}`, text('b')),
    packet: { type: 'unsubscribe', packetId: 2, filters: ['b'], properties: { userProperties: [['k', 'v']] } },
  },
  {
    name: 'UNSUBACK of MQTT 3.1.1',
    level: 4,
    bytes: hex('b0 02 0002'),
    packet: { type: 'unsuback', packetId: 2, reasonCodes: [] },
  },
  {
    name: 'UNSUBACK of MQTT 5',
    level: 5,
    bytes: hex('b0 05 0002 00 00 11'),
    packet: { type: 'unsuback', packetId: 2, reasonCodes: [0, 0x11] },
  },
]

const others: GoodCase[] = [
  { name: 'PINGREQ', level: 4, bytes: hex('c0 00'), packet: { type: 'pingreq' } },
  { name: 'PINGRESP', level: 5, bytes: hex('d0 00'), packet: { type: 'pingresp' } },
  {
    name: 'PINGREQ whose length takes four bytes where one would do [MQTT-1.5.5-1]',
    level: 4,
    bytes: hex('c0 80 80 80 00'),
    packet: { type: 'pingreq' },
    written: hex('c0 00'),
  },
  { name: 'DISCONNECT of 3.1.1', level: 4, bytes: hex('e0 00'), packet: { type: 'disconnect', reasonCode: 0 } },
  { name: 'DISCONNECT of MQTT 5, bare', level: 5, bytes: hex('e0 00'), packet: { type: 'disconnect', reasonCode: 0 } },
  {
    name: 'DISCONNECT with a code',
    level: 5,
    bytes: hex('e0 01 8e'),
    packet: { type: 'disconnect', reasonCode: 0x8e },
  },
  {
    name: 'DISCONNECT with properties',
    level: 5,
    bytes: wire('e0', '04', block(`11 00000005 1c ${text('s')} 1f ${text('')}`)),
    packet: {
      type: 'disconnect',
      reasonCode: 4,
      properties: { sessionExpiryIntervalSeconds: 5, serverReference: 's', reasonString: '' },
    },
  },
  { name: 'AUTH, bare', level: 5, bytes: hex('f0 00'), packet: { type: 'auth', reasonCode: 0 } },
  {
    name: 'AUTH with properties',
    level: 5,
    bytes: wire('f0', '18', block(`15 ${text('m')} 16 0001 00`)),
    packet: {
      type: 'auth',
      reasonCode: 0x18,
      properties: { authenticationMethod: 'm', authenticationData: hex('00') },
    },
  },
]

export const goodCases: readonly GoodCase[] = [
  ...connects,
  ...connacks,
  ...publishes,
  ...acknowledgements,
  ...subscriptions,
  ...others,
]

function bad(
  name: string,
  level: ProtocolLevel,
  bytes: Buffer,
  [reasonCode, message]: readonly [MalformedReasonCode, RegExp],
): BadCase {
  return { name, level, bytes, reasonCode, message }
}

const badConnects: BadCase[] = [
  bad('unknown protocol name', 4, wire('10', text('MQTX'), '04 02 003c', text('a')), [0x84, /protocol name/]),
  bad('level 6', 5, wire('10', mqtt, '06 02 003c', text('a')), [0x84, /level 6/]),
  bad('level 3 by the name MQTT', 4, wire('10', mqtt, '03 02 003c', text('a')), [0x84, /level 3/]),
  bad('level 4 by the name MQIsdp', 4, wire('10', mqisdp, '04 02 003c', text('a')), [0x84, /level 4/]),
  bad('the bridge bit', 4, wire('10', mqtt, '84 02 003c', text('a')), [0x84, /level 132/]),
  bad('fixed header flags', 4, wire('11', mqtt, '04 02 003c', text('a')), [0x81, /first byte/]),
  bad('the reserved flag [MQTT-3.1.2-3]', 4, wire('10', mqtt, '04 03 003c', text('a')), [0x81, /reserved/]),
  bad(
    'will QoS without a will [MQTT-3.1.2-11] [MQTT-3.1.2-11 of 3.1.1] [MQTT-3.1.2-13 of 3.1.1]',
    4,
    wire('10', mqtt, '04 0a 003c', text('a')),
    [0x81, /without a will/],
  ),
  bad(
    'will retain without a will [MQTT-3.1.2-13] [MQTT-3.1.2-15 of 3.1.1]',
    5,
    wire('10', mqtt, '05 22 003c 00', text('a')),
    [0x81, /without a will/],
  ),
  bad(
    'will QoS 3 [MQTT-3.1.2-12] [MQTT-3.1.2-14 of 3.1.1]',
    4,
    wire('10', mqtt, '04 1e 003c', text('a'), text('w'), text('')),
    [0x81, /will QoS is 3/],
  ),
  bad(
    'a will topic with a wildcard [MQTT-4.7.0-1] [MQTT-4.7.1-1 of 3.1.1]',
    4,
    wire('10', mqtt, '04 06 003c', text('a'), text('w/#'), text('')),
    [0x81, /will topic/],
  ),
  bad(
    'a password without a user name [MQTT-3.1.2-22 of 3.1.1]',
    4,
    wire('10', mqtt, '04 42 003c', text('a'), text('p')),
    [0x81, /user name/],
  ),
  bad(
    'no user name although announced [MQTT-3.1.2-17] [MQTT-3.1.2-19 of 3.1.1]',
    4,
    wire('10', mqtt, '04 82 003c', text('a')),
    [0x81, /user name/],
  ),
  bad('trailing bytes', 4, wire('10', mqtt, '04 02 003c', text('a'), '00'), [0x81, /1 bytes too many/]),
  bad(
    'a user name not announced [MQTT-3.1.2-16] [MQTT-3.1.2-18 of 3.1.1]',
    4,
    wire('10', mqtt, '04 02 003c', text('a'), text('u')),
    [0x81, /too many/],
  ),
  bad(
    'a password not announced [MQTT-3.1.2-18] [MQTT-3.1.2-20 of 3.1.1]',
    4,
    wire('10', mqtt, '04 82 003c', text('a'), text('u'), text('p')),
    [0x81, /too many/],
  ),
  bad(
    'no password although announced [MQTT-3.1.2-19] [MQTT-3.1.2-21 of 3.1.1]',
    4,
    wire('10', mqtt, '04 c2 003c', text('a'), text('u')),
    [0x81, /password/],
  ),
  bad('no will although announced [MQTT-3.1.2-9]', 4, wire('10', mqtt, '04 06 003c', text('a')), [0x81, /will topic/]),
  bad('no client identifier [MQTT-3.1.3-3]', 4, wire('10', mqtt, '04 02 003c'), [0x81, /client identifier/]),
  bad('trailing bytes in MQTT 3.1', 3, wire('10', mqisdp, '03 02 003c', text('a'), '00'), [0x81, /too many/]),
  bad('authentication data without a method', 5, wire('10', mqtt, '05 02 003c 04 16 0001 00', text('a')), [
    0x82,
    /authenticationMethod/,
  ]),
  bad('receive maximum 0', 5, wire('10', mqtt, '05 02 003c 03 21 0000', text('a')), [0x82, /receiveMaximum is 0/]),
  bad('maximum packet size 0', 5, wire('10', mqtt, '05 02 003c 05 27 00000000', text('a')), [0x82, /PacketSize/]),
  bad('a flag that is neither 0 nor 1', 5, wire('10', mqtt, '05 02 003c 02 17 02', text('a')), [0x82, /0 or 1/]),
  bad('a property of another packet', 5, wire('10', mqtt, '05 02 003c 03 23 0001', text('a')), [0x81, /property 35/]),
  bad('a will property outside the will', 5, wire('10', mqtt, '05 02 003c 05 18 00000001', text('a')), [0x81, /24/]),
]

const badOthers: BadCase[] = [
  bad('packet type 0', 4, hex('00 00'), [0x81, /reserved/]),
  bad('CONNACK: reserved acknowledge flags [MQTT-3.2.2-1]', 4, hex('20 02 02 00'), [0x81, /reserved/]),
  bad('CONNACK: code 6 in MQTT 3.1.1', 4, hex('20 02 00 06'), [0x81, /6 is not/]),
  bad('CONNACK: code 1 in MQTT 5 [MQTT-3.2.2-8]', 5, hex('20 03 00 01 00'), [0x81, /1 is not/]),
  bad('CONNACK: session present and refused [MQTT-3.2.2-6] [MQTT-3.2.2-4 of 3.1.1]', 4, hex('20 02 01 05'), [
    0x82,
    /session/,
  ]),
  bad('CONNACK: flags', 4, hex('21 02 00 00'), [0x81, /first byte/]),
  bad('PUBLISH: QoS 3 [MQTT-3.3.1-4]', 4, wire('36', text('a'), '0001'), [0x81, /QoS is 3/]),
  bad('PUBLISH: DUP with QoS 0 [MQTT-3.3.1-2]', 4, wire('38', text('a')), [0x81, /DUP/]),
  bad('PUBLISH: packet identifier 0 [MQTT-2.2.1-3] [MQTT-2.3.1-1]', 4, wire('32', text('a'), '0000'), [
    0x82,
    /identifier is 0/,
  ]),
  bad('PUBLISH: no packet identifier', 4, wire('32', text('a')), [0x81, /packet identifier/]),
  bad('PUBLISH: + in the topic [MQTT-3.3.2-2] [MQTT-4.7.0-1] [MQTT-4.7.1-1 of 3.1.1]', 4, wire('30', text('a/+')), [
    0x81,
    /wildcard/,
  ]),
  bad('PUBLISH: # in the topic [MQTT-3.3.2-2] [MQTT-4.7.0-1]', 5, wire('30', text('#'), '00'), [0x81, /wildcard/]),
  bad('PUBLISH: empty topic [MQTT-4.7.3-1]', 4, wire('30', text('')), [0x81, /empty/]),
  bad('PUBLISH: neither topic nor alias', 5, wire('30', text(''), '00'), [0x82, /alias/]),
  bad('PUBLISH: U+0000 in the topic [MQTT-1.5.4-2] [MQTT-1.5.3-2] [MQTT-4.7.3-2]', 4, wire('30', text('a\0')), [
    0x81,
    /U\+0000/,
  ]),
  bad('PUBLISH: a surrogate in the topic [MQTT-1.5.4-1] [MQTT-1.5.3-1] [MQTT-3.3.2-1]', 4, wire('30', '0003 eda080'), [
    0x81,
    /UTF-8/,
  ]),
  bad('PUBLISH: an overlong character in the topic [MQTT-1.5.4-1] [MQTT-1.5.3-1]', 4, wire('30', '0002 c080'), [
    0x81,
    /UTF-8/,
  ]),
  bad('PUBLISH: half a character in the topic [MQTT-1.5.4-1] [MQTT-1.5.3-1]', 4, wire('30', '0001 c3 a4'), [
    0x81,
    /UTF-8/,
  ]),
  bad('PUBLISH: topic longer than the packet', 4, wire('30', 'ffff 61'), [0x81, /topic name/]),
  bad('PUBLISH: topic alias 0 [MQTT-3.3.2-8]', 5, wire('30', text('a'), '03 23 0000'), [0x94, /topicAlias is 0/]),
  bad('PUBLISH: subscription identifier 0', 5, wire('30', text('a'), '02 0b 00'), [0x82, /Identifiers is 0/]),
  bad('PUBLISH: a property twice', 5, wire('30', text('a'), '04 01 00 01 00'), [0x82, /twice/]),
  bad('PUBLISH: response topic with a wildcard [MQTT-3.3.2-14]', 5, wire('30', text('a'), '04 08', text('#')), [
    0x82,
    /responseTopic/,
  ]),
  bad('PUBLISH: unknown property', 5, wire('30', text('a'), '02 7f 00'), [0x81, /property 127/]),
  bad('PUBLISH: property identifier beyond all', 5, wire('30', text('a'), '03 ff 7f 00'), [0x81, /property 16383/]),
  bad('PUBLISH: property length too long', 5, wire('30', text('a'), '05 01 00'), [0x81, /property length/]),
  bad('PUBLISH: property across the property length', 5, wire('30', text('a'), '03 03 0004 61626364'), [
    0x81,
    /contentType/,
  ]),
  bad('PUBLISH: property length not in shortest form [MQTT-1.5.5-1]', 5, wire('30', text('a'), '80 00'), [
    0x81,
    /shortest/,
  ]),
  bad('PUBLISH: property length of five bytes', 5, wire('30', text('a'), '80 80 80 80 01'), [0x81, /four bytes/]),
  bad('PUBACK: trailing bytes', 4, hex('40 03 0001 00'), [0x81, /too many/]),
  bad('PUBACK: packet identifier 0', 4, hex('40 02 0000'), [0x82, /identifier is 0/]),
  bad('PUBACK: flags [MQTT-2.1.3-1] [MQTT-2.2.2-1 of 3.1.1]', 4, hex('42 02 0001'), [0x81, /first byte/]),
  bad('PUBACK: unknown reason code [MQTT-3.4.2-1]', 5, hex('40 03 0001 01'), [0x81, /1 is not/]),
  bad('PUBREC: flags [MQTT-2.1.3-1]', 5, hex('51 02 0001'), [0x81, /first byte/]),
  bad('PUBREC: unknown reason code [MQTT-3.5.2-1]', 5, hex('50 03 0001 92'), [0x81, /146 is not/]),
  bad('PUBREL: unknown reason code [MQTT-3.6.2-1]', 5, hex('62 03 0001 10'), [0x81, /16 is not/]),
  bad('PUBCOMP: unknown reason code [MQTT-3.7.2-1]', 5, hex('70 03 0001 80'), [0x81, /128 is not/]),
  bad('PUBREL: flags [MQTT-3.6.1-1]', 4, hex('60 02 0001'), [0x81, /first byte/]),
  bad('PUBCOMP: trailing bytes behind properties', 5, hex('70 05 0001 00 00 00'), [0x81, /too many/]),
  bad('SUBSCRIBE: flags [MQTT-3.8.1-1]', 4, wire('80', '0001', text('a'), '00'), [0x81, /first byte/]),
  bad('SUBSCRIBE: no filter [MQTT-3.8.3-2] [MQTT-3.8.3-3 of 3.1.1]', 4, hex('82 02 0001'), [0x82, /no topic filter/]),
  bad('SUBSCRIBE: empty filter [MQTT-4.7.3-1]', 4, wire('82', '0001', text(''), '00'), [0x81, /empty/]),
  bad('SUBSCRIBE: QoS 3 [MQTT-3.8.3-4 of 3.1.1]', 4, wire('82', '0001', text('a'), '03'), [0x81, /QoS/]),
  bad('SUBSCRIBE: reserved bits [MQTT-3.8.3-4 of 3.1.1]', 4, wire('82', '0001', text('a'), '04'), [0x81, /reserved/]),
  bad('SUBSCRIBE: reserved bits of MQTT 5 [MQTT-3.8.3-5]', 5, wire('82', '0001 00', text('a'), '40'), [
    0x81,
    /reserved/,
  ]),
  bad('SUBSCRIBE: retain handling 3', 5, wire('82', '0001 00', text('a'), '30'), [0x82, /retain handling/]),
  bad('SUBSCRIBE: No Local on a shared one [MQTT-3.8.3-4]', 5, wire('82', '0001 00', text('$share/g/a'), '04'), [
    0x82,
    /No Local/,
  ]),
  bad('SUBSCRIBE: packet identifier 0 [MQTT-2.2.1-3] [MQTT-2.3.1-1]', 4, wire('82', '0000', text('a'), '00'), [
    0x82,
    /identifier is 0/,
  ]),
  bad('SUBSCRIBE: subscription identifier 0', 5, wire('82', '0001 02 0b 00', text('a'), '00'), [0x82, /is 0/]),
  bad('SUBSCRIBE: two identifiers', 5, wire('82', '0001 04 0b 01 0b 02', text('a'), '00'), [0x82, /twice/]),
  bad('SUBACK: no code', 4, hex('90 02 0001'), [0x82, /no reason code/]),
  bad('SUBACK: code 3 [MQTT-3.9.3-2 of 3.1.1]', 4, hex('90 03 0001 03'), [0x81, /3 is not/]),
  bad('SUBACK: a code of another packet [MQTT-3.9.3-2 of 5.0]', 5, hex('90 04 0001 00 11'), [0x81, /17 is not/]),
  bad('UNSUBSCRIBE: flags [MQTT-3.10.1-1]', 5, wire('a0', '0001 00', text('a')), [0x81, /first byte/]),
  bad('UNSUBSCRIBE: no filter [MQTT-3.10.3-2]', 4, hex('a2 02 0001'), [0x82, /no topic filter/]),
  bad('UNSUBSCRIBE: empty filter [MQTT-4.7.3-1]', 4, wire('a2', '0001', text('')), [0x81, /empty/]),
  bad('UNSUBACK: code in MQTT 3.1.1', 4, hex('b0 03 0001 00'), [0x81, /too many/]),
  bad('UNSUBACK: no code in MQTT 5', 5, hex('b0 03 0001 00'), [0x82, /no reason code/]),
  bad('UNSUBACK: unknown code [MQTT-3.11.3-2]', 5, hex('b0 04 0001 00 01'), [0x81, /1 is not/]),
  bad('PINGREQ: body', 4, hex('c0 01 00'), [0x81, /too many/]),
  bad('PINGREQ: flags [MQTT-2.1.3-1] [MQTT-2.2.2-1 of 3.1.1]', 4, hex('c8 00'), [0x81, /first byte/]),
  bad('PINGRESP: body', 4, hex('d0 01 00'), [0x81, /too many/]),
  bad('DISCONNECT: body in MQTT 3.1.1', 4, hex('e0 01 00'), [0x81, /too many/]),
  bad('DISCONNECT: flags [MQTT-3.14.1-1]', 4, hex('e1 00'), [0x81, /first byte/]),
  bad('DISCONNECT: unknown code [MQTT-3.14.2-1]', 5, hex('e0 01 01'), [0x81, /1 is not/]),
  bad('AUTH: MQTT 3.1.1', 4, hex('f0 00'), [0x81, /below MQTT 5/]),
  bad('AUTH: flags [MQTT-3.15.1-1]', 5, hex('f1 00'), [0x81, /first byte/]),
  bad('AUTH: unknown code [MQTT-3.15.2-1]', 5, hex('f0 02 01 00'), [0x81, /1 is not/]),
]

/** Two bytes that are no UTF-8, with their length. */
const noText = '0002 c080'

const badTexts: BadCase[] = [
  bad('CONNECT: a client identifier that is no text [MQTT-3.1.3-4]', 4, wire('10', mqtt, '04 02 003c', noText), [
    0x81,
    /UTF-8/,
  ]),
  bad(
    'CONNECT: a will topic that is no text [MQTT-3.1.3-11] [MQTT-3.1.3-10 of 3.1.1]',
    4,
    wire('10', mqtt, '04 06 003c', text('a'), noText, text('')),
    [0x81, /UTF-8/],
  ),
  bad(
    'CONNECT: a user name that is no text [MQTT-3.1.3-12] [MQTT-3.1.3-11 of 3.1.1]',
    4,
    wire('10', mqtt, '04 82 003c', text('a'), noText),
    [0x81, /UTF-8/],
  ),
  bad('PUBLISH: a response topic that is no text [MQTT-3.3.2-13]', 5, wire('30', text('a'), block('08', noText)), [
    0x81,
    /UTF-8/,
  ]),
  bad('PUBLISH: a content type that is no text [MQTT-3.3.2-19]', 5, wire('30', text('a'), block('03', noText)), [
    0x81,
    /UTF-8/,
  ]),
  bad(
    'PUBLISH: the name of a user property that is no text [MQTT-1.5.7-1]',
    5,
    wire('30', text('a'), block('26', noText, text('v'))),
    [0x81, /UTF-8/],
  ),
  bad(
    'PUBLISH: the value of a user property that is no text [MQTT-1.5.7-1]',
    5,
    wire('30', text('a'), block('26', text('k'), noText)),
    [0x81, /UTF-8/],
  ),
  bad('SUBSCRIBE: a filter that is no text [MQTT-3.8.3-1]', 4, wire('82', '0001', noText, '00'), [0x81, /UTF-8/]),
  bad('SUBSCRIBE: U+0000 in a filter [MQTT-4.7.3-2]', 4, wire('82', '0001', text('a\0'), '00'), [0x81, /U\+0000/]),
  bad('UNSUBSCRIBE: a filter that is no text [MQTT-3.10.3-1]', 4, wire('a2', '0001', noText), [0x81, /UTF-8/]),
]

export const badCases: readonly BadCase[] = [
  ...badTexts,
  ...badConnects.map(badCase => ({ ...badCase, name: `CONNECT: ${badCase.name}` })),
  ...badOthers,
]
