import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encode, type Packet } from '../../mqtt/index.ts'
import { application, device, plainSubscription, publishPacket, rig } from './fake-client.suite.ts'

const own = '/pk1/dev1/user/update'
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const)
const packetId = fc.integer({ min: 1, max: 4 })
const filter = fc.constantFrom(own, '/pk1/dev1/#', '/pk1/+/user/+', '#', 'a#')

const packet: fc.Arbitrary<Packet> = fc.oneof(
  fc.tuple(qos, packetId).map(([q, id]) => publishPacket(own, 'x', { qos: q, packetId: id })),
  fc.tuple(qos, packetId).map(([q, id]) => publishPacket('/other', 'x', { qos: q, packetId: id })),
  fc.tuple(filter, qos).map(([f, q]): Packet => {
    return { type: 'subscribe', packetId: 1, subscriptions: [{ ...plainSubscription, filter: f, qos: q }] }
  }),
  filter.map((f): Packet => ({ type: 'unsubscribe', packetId: 2, filters: [f] })),
  fc
    .tuple(fc.constantFrom('puback' as const, 'pubrec' as const, 'pubrel' as const, 'pubcomp' as const), packetId)
    .map(([type, id]): Packet => ({ type, packetId: id, reasonCode: 0 })),
  fc.constant<Packet>({ type: 'pingreq' }),
)
const level = fc.constantFrom(3 as const, 4 as const, 5 as const)
/** A byte to put somewhere into the stream. */
const damage = fc.option(fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) }))

it('takes whatever bytes come, in whatever pieces, without an error of its own, and keeps nothing of it', () => {
  const input = fc.record({ level, packets: fc.array(packet, { maxLength: 20 }), damage, cut: fc.nat() })
  fc.assert(
    fc.property(input, ({ level, packets, damage, cut }) => {
      const { client, broker, errors, sweep } = rig({ inFlight: 2, queuedMessages: 5, cachedTopicsPerDevice: 1 })
      const bytes = Buffer.concat(packets.map(each => encode(each, level)))
      if (damage !== null && bytes.length > 0) bytes[damage.at % bytes.length] = damage.byte
      const sender = client(device(), { level })
      const watcher = client(application(), { level: 5 })
      watcher.subscribeAt(2, '#')
      const at = cut % (bytes.length + 1)
      sender.sendBytes(bytes.subarray(0, at))
      sender.sendBytes(bytes.subarray(at))
      sweep(3)
      sender.received() // all that the broker sends can be decoded
      watcher.received()
      expect(errors).toEqual([])
      sender.hangUp()
      watcher.hangUp()
      expect(broker.stats()).toMatchObject({ connections: 0, subscriptions: 0, queuedBytes: 0 })
    }),
    { numRuns: 500 },
  )
})
