import type { ReasonCode } from '@hatchway/protocol'
import { describe, expect, it } from 'vitest'
import { decode, encode, Framer, type Packet, type ProtocolLevel } from '../../mqtt/index.ts'
import { defaultClientLimits } from '../client/client-limits.ts'
import { Meter } from '../client/meter.ts'
import { PublishHead } from '../client/publish-head.ts'
import { type Rights, rightsOf } from '../client/rights.ts'
import { Watches } from '../client/watches.ts'
import type { Identity, ReceivedMessage } from '../port.ts'
import { ClientPackets, type PacketHost } from './client-packets.ts'
import type { Echoes } from './echoes.ts'
import { Subscriptions } from './subscriptions.ts'
import { Taps } from './taps.ts'

const own = '/pk/dn/user/update'
const identity: Identity = { kind: 'device', sessionId: 'pk/dn', productKey: 'pk', deviceName: 'dn', clientId: null }
const publish = (topic: string, rest: object = {}): Packet => ({
  ...{ type: 'publish', topic, payload: Buffer.from('x'), qos: 0, retain: false, dup: false },
  ...rest,
})
const subscribe = (...filters: string[]): Packet => ({
  ...{ type: 'subscribe', packetId: 5 },
  subscriptions: filters.map(filter => {
    return { filter, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }
  }),
})

class Rig implements PacketHost {
  readonly identity = identity
  readonly rights: Rights = rightsOf(identity, defaultClientLimits)
  readonly topicAliasMaximum = 2
  readonly echoes: Echoes | undefined = undefined
  readonly subscriptions: Subscriptions
  readonly level: ProtocolLevel
  readonly answers: Packet[] = []
  readonly reports: string[] = []
  refusal: ReasonCode | undefined
  hasLeft = false
  readonly meter = new Meter()
  readonly taps = new Taps(error => {
    throw error
  })
  readonly watches = new Watches(error => {
    throw error
  })
  readonly packets: ClientPackets
  #forwarded: Buffer[] = []

  constructor(level: ProtocolLevel) {
    this.level = level
    this.subscriptions = new Subscriptions(this.rights, level)
    const { meter, taps, watches } = this
    const shared = { limits: defaultClientLimits, meter, taps, watches, head: new PublishHead() }
    this.packets = new ClientPackets(this, shared)
  }

  forward(buffer: Buffer, start: number, end: number): void {
    this.#forwarded.push(Buffer.from(buffer.subarray(start, end)))
  }
  answer(packet: Packet): void {
    this.answers.push(packet)
  }
  report(reason: ReasonCode, { topic }: { topic: string }): void {
    this.reports.push(`${reason} ${topic}`)
  }
  refuse(reason: ReasonCode): void {
    this.refusal = reason
  }
  clientLeft(): void {
    this.hasLeft = true
  }

  /** Takes packets in; returns what went on to the cluster. */
  send(...packets: (Packet | Buffer)[]): Packet[] {
    const bytes = Buffer.concat(packets.map(one => (Buffer.isBuffer(one) ? one : encode(one, this.level))))
    const framer = new Framer({ maxPacketSizeBytes: 1 << 20 })
    framer.push(bytes)
    this.#forwarded = []
    while (framer.next()) this.packets.receive(framer)
    const upstream = new Framer({ maxPacketSizeBytes: 1 << 20 })
    upstream.push(Buffer.concat(this.#forwarded))
    const seen: Packet[] = []
    while (upstream.next()) seen.push(decode(upstream, this.level === 5 ? 5 : 4))
    return seen
  }
}

describe.each([4, 5] as const)('MQTT level %i', level => {
  it.each<Packet>([
    publish(own),
    publish(own, { qos: 1, packetId: 1, retain: true }),
    publish(own, { qos: 2, packetId: 2, dup: true }),
    { type: 'puback', packetId: 3, reasonCode: 0 },
    { type: 'pubrel', packetId: 3, reasonCode: 0 },
    { type: 'pingreq' },
    { type: 'unsubscribe', packetId: 4, filters: ['/other'] },
    subscribe(own, '/pk/dn/#'),
  ])('lets pass what is allowed: %o', packet => {
    const rig = new Rig(level)
    expect(rig.send(packet)).toMatchObject([{ type: packet.type }])
    expect([rig.answers, rig.reports, rig.refusal]).toEqual([[], [], undefined])
  })

  it('drops a message to a topic of others and answers it, each step of QoS 2 too', () => {
    const rig = new Rig(level)
    const code = level === 5 ? 0x87 : 0
    const refused = [0, 1, 2].map(qos => publish('/pk/other/x', { qos, packetId: qos === 0 ? undefined : qos }))
    expect(rig.send(...refused)).toEqual([])
    expect(rig.answers).toMatchObject([
      { type: 'puback', packetId: 1, reasonCode: code },
      { type: 'pubrec', packetId: 2, reasonCode: code },
    ])
    expect(rig.reports).toEqual(Array.from({ length: 3 }, () => 'topic-not-allowed-publish /pk/other/x'))
    expect(rig.meter.dropped['not-allowed']).toBe(3)
    const release: Packet = { type: 'pubrel', packetId: 2, reasonCode: 0 }
    // With MQTT 5 the refusal ended the flow.
    expect(rig.send(release)).toHaveLength(level === 5 ? 1 : 0)
    if (level === 4) expect(rig.answers.at(-1)).toMatchObject({ type: 'pubcomp', packetId: 2 })
  })

  it('asks the cluster for allowed filters only, and puts the codes of the others into its answer', () => {
    const rig = new Rig(level)
    const refused = level === 5 ? 0x87 : 0x80
    const [asked] = rig.send(subscribe('/other', own, '/pk/+/x', '/pk/dn/#'))
    expect(asked).toMatchObject({ subscriptions: [{ filter: own }, { filter: '/pk/dn/#' }] })
    const answer = rig.subscriptions.answered({ type: 'suback', packetId: 5, reasonCodes: [1, 0x80] })
    expect(answer.suback?.reasonCodes).toEqual([refused, 1, refused, 0x80])
    expect(answer.refusedUpstream).toEqual([{ filter: '/pk/dn/#', code: 0x80 }])
    expect(rig.send(subscribe('/other'))).toEqual([])
    expect(rig.answers).toMatchObject([{ type: 'suback', packetId: 5, reasonCodes: [refused] }])
  })

  it('tells taps what passes, also those that came later, and QoS 2 that is repeated once', () => {
    const rig = new Rig(level)
    const heard: string[] = []
    rig.send(publish(own))
    const end = rig.taps.add('/pk/+/user/#', ({ topic, payload }: ReceivedMessage) => heard.push(`${topic} ${payload}`))
    rig.send(publish(own), publish('/pk/other/x'))
    rig.send(publish(own, { qos: 2, packetId: 1, dup: true }))
    end()
    rig.send(publish(own))
    expect(heard).toEqual([`${own} x`])
  })

  it('tells who watches the session what passes, and nothing that does not', () => {
    const rig = new Rig(level)
    const seen: string[] = []
    const end = rig.watches.add(rig.identity.sessionId, ({ direction, topic, payload, qos, retain }) =>
      seen.push(`${direction} ${topic} ${payload} ${qos} ${retain}`),
    )
    rig.watches.add('pk/other', () => seen.push('other'))
    rig.send(publish(own, { qos: 1, packetId: 1, retain: true }), publish('/pk/other/x'))
    end()
    rig.send(publish(own))
    expect(seen).toEqual([`up ${own} x 1 true`])
  })

  it.each<[string, ReasonCode, Packet | Buffer]>([
    ['a payload that is too large', 'packet-too-large', publish(own, { payload: Buffer.alloc(300_000) })],
    ['what only a server sends', 'protocol-error', { type: 'pingresp' }],
    ['a second CONNECT', 'protocol-error', Buffer.from('100c00044d5154540402003c0000', 'hex')],
  ])('ends the connection over %s', (_, reason, packet) => {
    const rig = new Rig(level)
    expect(rig.send(packet)).toEqual([])
    expect(rig.refusal).toBe(reason)
  })
})

describe('topic aliases', () => {
  const aliased = (topic: string, topicAlias: number) => publish(topic, { properties: { topicAlias } })

  it('an alias passes with its topic’s rights; one that a dropped message set is used for nothing', () => {
    const rig = new Rig(5)
    expect(rig.send(aliased(own, 1), aliased('', 1))).toHaveLength(2)
    expect(rig.send(aliased('/pk/other/x', 1), aliased('', 1))).toEqual([])
    expect(rig.reports).toHaveLength(2)
    expect(rig.send(aliased(own, 1), aliased('', 1))).toHaveLength(2)
  })

  it.each([
    ['that was never set', aliased('', 2), 'protocol-error'],
    ['above the maximum', aliased(own, 3), 'topic-alias-invalid'],
  ])('one %s ends the connection', (_, packet, reason) => {
    const rig = new Rig(5)
    expect(rig.send(packet)).toEqual([])
    expect(rig.refusal).toBe(reason)
  })
})

it('MQTT 3.1 goes on as the bytes of 3.1.1: flags that it left open are as they must be', () => {
  const rig = new Rig(3)
  const bytes = encode(subscribe(own), 4)
  bytes[0] = 0x8a // DUP, which 3.1 allows
  const repeated = encode(publish(own), 4)
  repeated[0] = 0x38 // DUP with QoS 0
  expect(rig.send(bytes, repeated)).toMatchObject([{ type: 'subscribe' }, { type: 'publish', dup: false }])
})

it('the UNSUBSCRIBE of a device whose flags are 0000 goes on with the right ones', () => {
  const rig = new Rig(4)
  const bytes = encode({ type: 'unsubscribe', packetId: 4, filters: [own] }, 4)
  bytes[0] = 0xa0
  expect(rig.send(bytes)).toMatchObject([{ type: 'unsubscribe', packetId: 4, filters: [own] }])
})

it('a length that takes more bytes than need be is written anew', () => {
  const rig = new Rig(4)
  expect(rig.send(Buffer.from([0xc0, 0x80, 0x00]))).toEqual([{ type: 'pingreq' }])
})

it('knows the last packet that went to the cluster', () => {
  const rig = new Rig(4)
  expect(rig.packets.lastForwarded).toBe('CONNECT')
  rig.send(subscribe(own))
  expect(rig.packets.lastForwarded).toBe(`SUBSCRIBE to ${own}`)
  rig.send(publish(own, { qos: 1, packetId: 1 }), publish('/pk/other/x'))
  expect(rig.packets.lastForwarded).toBe(`PUBLISH with QoS 1 to ${own}`)
  rig.send({ type: 'disconnect', reasonCode: 0 })
  expect([rig.packets.lastForwarded, rig.hasLeft]).toEqual(['DISCONNECT', true])
})
