import mqttPacket from 'mqtt-packet'
import { expect, it, test } from 'vitest'
import {
  connectBytes,
  PAYLOAD_BYTES,
  PacketCounter,
  packetIdOf,
  pubackBytes,
  publishBytes,
  repeatPublish,
  senderOf,
  stampOf,
  stampPublish,
} from './mqtt-bytes.ts'

const connack = mqttPacket.generate({ cmd: 'connack', returnCode: 4, sessionPresent: false })
const resumed = mqttPacket.generate({ cmd: 'connack', returnCode: 0, sessionPresent: true })
const suback = mqttPacket.generate({ cmd: 'suback', messageId: 1, granted: [128] })
const stamped = (qos: 0 | 1, sender: number, packetId: number): Buffer => {
  const publish = publishBytes(`/product/${'n'.repeat(20)}`, { qos, sender })
  stampPublish(publish, { packetId, stamp: sender + 0.5 })
  return publish
}

const stream = Buffer.concat([connack, resumed, stamped(0, 7, 0), suback, pubackBytes(513), stamped(1, 70_000, 65_535)])
const expected = [
  { type: 2, code: 4, flags: 0 },
  { type: 2, code: 0, flags: 1 },
  { sender: 7, stamp: 7.5, qos: 0, packetId: undefined },
  { type: 9, code: 128, flags: 0 },
  { puback: 513 },
  { sender: 70_000, stamp: 70_000.5, qos: 1, packetId: 65_535 },
]

test.each([1, 2, 3, 7, 100, 131, stream.length])('the same packets in chunks of %d bytes', size => {
  const seen: unknown[] = []
  const counter = new PacketCounter({
    onPublish: (buffer, end, qos) => {
      const packetId = qos > 0 ? packetIdOf(buffer, end) : undefined
      seen.push({ sender: senderOf(buffer, end), stamp: stampOf(buffer, end), qos, packetId })
    },
    onPuback: puback => seen.push({ puback }),
    onOther: (type, code, flags) => seen.push({ type, code, flags }),
  })
  const reused = Buffer.alloc(size)
  for (let at = 0; at < stream.length; at += size) {
    const length = stream.copy(reused, 0, at, at + size)
    counter.feed(reused, length)
  }
  expect(seen).toEqual(expected)
})

it('a packet larger than any that is sent ends the counting', () => {
  const counter = new PacketCounter({ onPublish: () => {}, onPuback: () => {}, onOther: () => {} })
  expect(() => counter.feed(Buffer.from([0x30, 0xff, 0x7f, 0]))).toThrow(RangeError)
})

it('repeated messages are whole packets with identifiers of their own', () => {
  const parser = mqttPacket.parser()
  const packets: { messageId?: number | undefined; length: number }[] = []
  parser.on('packet', packet => {
    if (packet.cmd === 'publish') packets.push({ messageId: packet.messageId, length: packet.payload.length })
  })
  parser.parse(repeatPublish(publishBytes('a/b', { qos: 1, sender: 1 }), 3, 17))
  expect(packets).toEqual([17, 18, 19].map(messageId => ({ messageId, length: PAYLOAD_BYTES })))
})

it('a login is a CONNECT with its credentials, or without any', () => {
  const read = (bytes: Buffer): unknown => {
    let connect: unknown
    mqttPacket
      .parser()
      .on('packet', packet => {
        connect = packet
      })
      .parse(bytes)
    return connect
  }
  expect(read(connectBytes({ clientId: 'c', userName: 'u', password: 'p' }, false, 60))).toMatchObject({
    ...{ clientId: 'c', username: 'u', password: Buffer.from('p'), clean: false, keepalive: 60 },
  })
  expect(read(connectBytes({ clientId: 'c' }))).not.toHaveProperty('username')
})
