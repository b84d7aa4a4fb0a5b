import { describe, expect, it } from 'vitest'
import type { Packet, ProtocolLevel } from '../../../mqtt/index.ts'
import { receivePublish } from './inbound.ts'
import { overflow, queueIt } from './outbound.ts'
import { receivePacket } from './session.ts'
import { newSession, type TransientState } from './state.ts'
import { subscribeByServer } from './subscribe.ts'

const limits = {
  subscriptions: 3,
  receiveMaximum: 2,
  expirySeconds: 600,
  outbound: { window: 2, queuedMessages: 2, queuedBytes: 100 },
}

function session(level: ProtocolLevel): TransientState<string> {
  const maySubscribe = (filter: string) => (filter.startsWith('no') ? 'not yours' : undefined)
  return newSession<string>({ level, limits, rights: { mayPublish: () => undefined, maySubscribe } })
}

const plain = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
const options = { qos: 1, noLocal: false, retainAsPublished: false, identifier: 0 }

function subscribeTo(...filters: string[]): Packet {
  return { type: 'subscribe', packetId: 5, subscriptions: filters.map(filter => ({ ...plain, filter })) }
}

function suback(...reasonCodes: number[]) {
  return { do: 'send', packet: { type: 'suback', packetId: 5, reasonCodes } }
}
/** The same where a filter was refused: it says which and why. */
function refusing(...reasonCodes: number[]) {
  const properties = { reasonString: expect.any(String) }
  return { do: 'send', packet: { type: 'suback', packetId: 5, reasonCodes, properties } }
}
const subscribed = (filter: string) => ({ do: 'subscribe', filter, options })
const retained = (filter: string) => ({ do: 'retained', filter, options })

function handling(retainHandling: 0 | 1 | 2, filter: string): Packet {
  return { type: 'subscribe', packetId: 5, subscriptions: [{ ...plain, filter, retainHandling }] }
}

const close = (problem: string) => ({
  do: 'close',
  reason: 'protocol-error',
  reasonCode: 0x82,
  problem: expect.stringContaining(problem),
  discardsWill: false,
})
const goodbye = { do: 'close', reason: 'client-disconnected', reasonCode: undefined, problem: undefined }
const send = (packet: Packet) => ({ do: 'send', packet })
const incident = (reason: string, topic: string) => ({ do: 'incident', reason, topic, problem: expect.any(String) })

describe('a packet, and what is to be done', () => {
  const cases: [what: string, level: ProtocolLevel, packets: Packet[], effects: unknown[]][] = [
    ['PINGREQ [MQTT-3.12.4-1]', 4, [{ type: 'pingreq' }], [send({ type: 'pingresp' })]],
    [
      'SUBSCRIBE: the retained messages come after the SUBACK [MQTT-3.8.4-1] [MQTT-3.3.1-9]',
      4,
      [subscribeTo('a')],
      [subscribed('a'), suback(1), retained('a')],
    ],
    [
      'the same filter twice [MQTT-3.8.4-3]',
      4,
      [subscribeTo('a', 'a'), subscribeTo('a')],
      [subscribed('a'), suback(1), retained('a')],
    ],
    [
      'Retain Handling 1 and a new filter [MQTT-3.3.1-10]',
      5,
      [handling(1, 'a')],
      [subscribed('a'), suback(1), retained('a')],
    ],
    [
      'Retain Handling 1 and a known filter [MQTT-3.3.1-10]',
      5,
      [handling(1, 'a'), handling(1, 'a')],
      [subscribed('a'), suback(1)],
    ],
    ['Retain Handling 2 [MQTT-3.3.1-11]', 5, [handling(2, 'a')], [subscribed('a'), suback(1)]],
    ['a shared filter: no retained messages', 5, [subscribeTo('$share/g/a')], [subscribed('$share/g/a'), suback(1)]],
    ...['$share/', '$share/g', '$share/g/', '$share//a', '$share/+/a'].map(
      (filter): [string, ProtocolLevel, Packet[], unknown[]] => [
        `${filter} [MQTT-4.8.2-1] [MQTT-4.8.2-2]`,
        5,
        [subscribeTo(filter)],
        [incident('topic-filter-invalid', filter), refusing(0x8f)],
      ],
    ),
    [
      '$share/g+/a [MQTT-4.8.2-2]',
      4,
      [subscribeTo('$share/g+/a')],
      [incident('topic-filter-invalid', '$share/g+/a'), refusing(0x80)],
    ],
    ['no right, 3.1.1', 4, [subscribeTo('no')], [incident('topic-not-allowed-subscribe', 'no'), refusing(0x80)]],
    ['no right, 5.0', 5, [subscribeTo('no')], [incident('topic-not-allowed-subscribe', 'no'), refusing(0x87)]],
    [
      'malformed, 3.1.1 [MQTT-4.7.1-2]',
      4,
      [subscribeTo('a#')],
      [incident('topic-filter-invalid', 'a#'), refusing(0x80)],
    ],
    ['malformed, 5.0', 5, [subscribeTo('#/a')], [incident('topic-filter-invalid', '#/a'), refusing(0x8f)]],
    [
      'one subscription too many',
      5,
      [subscribeTo('a', 'b', 'c'), subscribeTo('a', 'd')],
      [subscribed('a'), incident('topic-not-allowed-subscribe', 'd'), refusing(1, 0x97), retained('a')],
    ],
    [
      'UNSUBSCRIBE',
      5,
      [subscribeTo('a'), { type: 'unsubscribe', packetId: 6, filters: ['a', 'b'] }],
      [{ do: 'unsubscribe', filter: 'a' }, send({ type: 'unsuback', packetId: 6, reasonCodes: [0, 0x11] })],
    ],
    [
      'PUBREL of nothing',
      5,
      [{ type: 'pubrel', packetId: 9, reasonCode: 0 }],
      [send({ type: 'pubcomp', packetId: 9, reasonCode: 0x92 })],
    ],
    [
      'PUBREC of nothing',
      5,
      [{ type: 'pubrec', packetId: 9, reasonCode: 0 }],
      [send({ type: 'pubrel', packetId: 9, reasonCode: 0x92 })],
    ],
    [
      'PUBREC of nothing',
      4,
      [{ type: 'pubrec', packetId: 9, reasonCode: 0 }],
      [send({ type: 'pubrel', packetId: 9, reasonCode: 0 })],
    ],
    ['PUBACK of nothing', 5, [{ type: 'puback', packetId: 9, reasonCode: 0 }], []],
    ['PUBCOMP of nothing', 5, [{ type: 'pubcomp', packetId: 9, reasonCode: 0 }], []],
    ['DISCONNECT', 4, [{ type: 'disconnect', reasonCode: 0 }], [{ ...goodbye, discardsWill: true }]],
    ['DISCONNECT with will', 5, [{ type: 'disconnect', reasonCode: 4 }], [{ ...goodbye, discardsWill: false }]],
    [
      'DISCONNECT with a session expiry after none at CONNECT',
      5,
      [{ type: 'disconnect', reasonCode: 0, properties: { sessionExpiryIntervalSeconds: 9 } }],
      [close('session expiry')],
    ],
    ['AUTH [MQTT-4.12.0-7]', 5, [{ type: 'auth', reasonCode: 0x18 }], [close('AUTH')]],
    ['CONNACK', 4, [{ type: 'connack', sessionPresent: false, reasonCode: 0 }], [close('CONNACK')]],
    ['SUBACK', 4, [{ type: 'suback', packetId: 1, reasonCodes: [0] }], [close('SUBACK')]],
    ['UNSUBACK', 4, [{ type: 'unsuback', packetId: 1, reasonCodes: [] }], [close('UNSUBACK')]],
    ['PINGRESP', 4, [{ type: 'pingresp' }], [close('PINGRESP')]],
  ]
  it.each(cases)('%s (level %i)', (_what, level, packets, effects) => {
    const state = session(level)
    const results = packets.map(packet => receivePacket(state, packet))
    expect(results.at(-1)).toEqual(effects)
  })
})

describe('a PUBLISH, and what becomes of it', () => {
  const first = { qos: 2, packetId: 1 } as const
  const none = undefined
  type Step = { publish?: { qos: 0 | 1 | 2; packetId: number }; may?: boolean; pubrel?: number }
  const cases: [what: string, level: ProtocolLevel, steps: Step[], verdict: object][] = [
    ['QoS 0', 4, [{ publish: { qos: 0, packetId: 0 } }], { route: true, acknowledge: none }],
    ['QoS 1', 4, [{ publish: { qos: 1, packetId: 1 } }], { route: true, acknowledge: 'puback', reasonCode: 0 }],
    ['QoS 2', 4, [{ publish: first }], { route: true, acknowledge: 'pubrec', reasonCode: 0 }],
    [
      'QoS 2 again [MQTT-4.3.3-10]',
      4,
      [{ publish: first }, { publish: first }],
      { route: false, acknowledge: 'pubrec' },
    ],
    ['QoS 2 after PUBREL', 4, [{ publish: first }, { pubrel: 1 }, { publish: first }], { route: true }],
    [
      'QoS 0, forbidden',
      4,
      [{ publish: { qos: 0, packetId: 0 }, may: false }],
      { route: false, acknowledge: none, closes: false },
    ],
    [
      'QoS 1, forbidden',
      5,
      [{ publish: { qos: 1, packetId: 1 }, may: false }],
      { route: false, acknowledge: 'puback', reasonCode: 0x87 },
    ],
    [
      'QoS 2, forbidden',
      5,
      [{ publish: first, may: false }],
      { route: false, acknowledge: 'pubrec', reasonCode: 0x87 },
    ],
    [
      'QoS 2, forbidden before, 5.0: it is forgotten',
      5,
      [{ publish: first, may: false }, { publish: first }],
      { route: true },
    ],
    [
      'QoS 2, forbidden before, 3.1.1: it is repeated',
      4,
      [{ publish: first, may: false }, { publish: first }],
      { route: false },
    ],
    [
      'QoS 2 beyond Receive Maximum, 5.0 [MQTT-3.3.4-7]',
      5,
      [1, 2, 3].map(packetId => ({ publish: { qos: 2, packetId } })),
      { route: false, closes: true, reasonCode: 0x93, incident: 'receive-maximum-exceeded' },
    ],
    [
      'QoS 2 beyond it, 3.1.1: there is none',
      4,
      [1, 2, 3].map(packetId => ({ publish: { qos: 2, packetId } })),
      { route: true },
    ],
  ]
  it.each(cases)('%s (level %i)', (_what, level, steps, verdict) => {
    const state = session(level)
    let last: unknown
    for (const { publish, may = true, pubrel } of steps) {
      if (publish !== undefined) last = receivePublish(state, publish, may)
      if (pubrel !== undefined) receivePacket(state, { type: 'pubrel', packetId: pubrel, reasonCode: 0 })
    }
    expect(last).toMatchObject(verdict)
  })
})

describe('the window towards the client', () => {
  it('gives packet identifiers while it has room, then queues, then overflows', () => {
    const { outbound } = session(4)
    const offers = Array.from({ length: 4 }, () => {
      const offer = outbound.offer(1, 10, true)
      if (offer === queueIt) outbound.enqueue({ message: 'm', qos: 1, sizeBytes: 10 })
      return offer
    })
    expect(offers).toEqual([1, 2, queueIt, queueIt])
    expect(outbound.offer(1, 10, true)).toBe(overflow)
    expect([outbound.queuedMessages, outbound.queuedBytes, outbound.fullness]).toEqual([2, 20, 1])
  })

  it('overflows by bytes too', () => {
    expect(session(4).outbound.offer(1, 101, false)).toBe(overflow)
  })

  it('lets nothing overtake what is queued [MQTT-4.6.0-6]', () => {
    const { outbound } = session(4)
    expect(outbound.offer(1, 10, false)).toBe(queueIt)
    outbound.enqueue({ message: 'first', qos: 1, sizeBytes: 10 })
    expect(outbound.offer(1, 10, true)).toBe(queueIt)
    expect(outbound.take()).toMatchObject({ queued: { message: 'first' }, packetId: 1 })
    expect(outbound.queuedBytes).toBe(0)
  })

  it.each<[what: string, qos: 1 | 2, packets: Packet[], effects: unknown[], inFlight: number]>([
    ['PUBACK', 1, [{ type: 'puback', packetId: 1, reasonCode: 0 }], [{ do: 'pump' }], 1],
    [
      'PUBREC',
      2,
      [{ type: 'pubrec', packetId: 1, reasonCode: 0 }],
      [send({ type: 'pubrel', packetId: 1, reasonCode: 0 })],
      2,
    ],
    [
      'PUBREC with an error [MQTT-4.3.3-4]',
      2,
      [{ type: 'pubrec', packetId: 1, reasonCode: 0x87 }],
      [{ do: 'pump' }],
      1,
    ],
    [
      'PUBREC twice',
      2,
      [
        { type: 'pubrec', packetId: 1, reasonCode: 0 },
        { type: 'pubrec', packetId: 1, reasonCode: 0 },
      ],
      [send({ type: 'pubrel', packetId: 1, reasonCode: 0 })],
      2,
    ],
    [
      'PUBCOMP',
      2,
      [
        { type: 'pubrec', packetId: 1, reasonCode: 0 },
        { type: 'pubcomp', packetId: 1, reasonCode: 0 },
      ],
      [{ do: 'pump' }],
      1,
    ],
    ['PUBCOMP before PUBREC', 2, [{ type: 'pubcomp', packetId: 1, reasonCode: 0 }], [], 2],
    ['PUBACK for QoS 2', 2, [{ type: 'puback', packetId: 1, reasonCode: 0 }], [], 2],
  ])('%s', (_what, qos, packets, effects, inFlight) => {
    const state = session(5)
    state.outbound.offer(qos, 10, true)
    state.outbound.offer(qos, 10, true)
    state.outbound.enqueue({ message: 'm', qos, sizeBytes: 10 })
    const results = packets.map(packet => receivePacket(state, packet))
    expect(results.at(-1)).toEqual(effects)
    expect(state.outbound.inFlight).toBe(inFlight)
  })

  it('uses no packet identifier that is still out, also when they start again at 1 [MQTT-2.2.1-4]', () => {
    const { outbound } = session(4)
    expect(outbound.offer(1, 10, true)).toBe(1)
    for (let packetId = 2; packetId <= 0xffff; packetId++) {
      expect(outbound.offer(1, 10, true)).toBe(packetId)
      outbound.acknowledgeQos1(packetId)
    }
    expect(outbound.offer(1, 10, true)).toBe(2)
  })
})

it('subscribes for the server at QoS 1 and without the client’s own messages', () => {
  const state = session(4)
  const served = { ...options, noLocal: true }
  expect(subscribeByServer(state, ['a/#'])).toEqual([
    { do: 'subscribe', filter: 'a/#', options: served },
    { do: 'retained', filter: 'a/#', options: served },
  ])
  expect([...state.subscriptions.keys()]).toEqual(['a/#'])
})
