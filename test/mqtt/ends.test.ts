import { expect, it } from 'vitest'
import type { Packet } from '../../packages/server/src/mqtt/index.ts'
import { LEVELS, type Level, received, ServedMqtt, untilClosed } from './served-mqtt.ts'

const served = new ServedMqtt()

const noText = '0002 c080'
const cases: [what: string, level: Level, bytes: string, reasonCode: number][] = [
  ['text that is no UTF-8 [MQTT-1.5.4-1]', 5, `30 05 ${noText} 00`, 0x81],
  ['text that is no UTF-8 [MQTT-1.5.3-1]', 4, `30 04 ${noText}`, 0],
  ['text with a surrogate [MQTT-1.5.3-1]', 4, '30 05 0003 eda080', 0],
  ['text with U+0000 [MQTT-1.5.4-2] [MQTT-4.7.3-2]', 5, '30 05 0002 6100 00', 0x81],
  ['text with U+0000 [MQTT-1.5.3-2] [MQTT-4.7.3-2]', 4, '30 04 0002 6100', 0],
  ['a name of a user property that is no text [MQTT-1.5.7-1]', 5, `30 0c 0001 61 08 26 ${noText} 0001 76`, 0x81],
  ['a content type that is no text [MQTT-3.3.2-19]', 5, `30 09 0001 61 05 03 ${noText}`, 0x81],
  ['a response topic that is no text [MQTT-3.3.2-13]', 5, `30 09 0001 61 05 08 ${noText}`, 0x81],
  ['a response topic with a wildcard [MQTT-3.3.2-14]', 5, '30 08 0001 61 04 08 0001 23', 0x82],
  ['flags of PINGREQ [MQTT-2.1.3-1]', 5, 'c1 00', 0x81],
  ['flags of PINGREQ [MQTT-2.2.2-1 of 3.1.1] [MQTT-2.2.2-2]', 4, 'c1 00', 0],
  ['flags of PUBACK [MQTT-2.1.3-1]', 5, '41 02 0001', 0x81],
  ['flags of PUBREL [MQTT-3.6.1-1]', 5, '60 02 0001', 0x81],
  ['flags of PUBREL [MQTT-3.6.1-1]', 4, '60 02 0001', 0],
  ['flags of SUBSCRIBE [MQTT-3.8.1-1]', 5, '80 07 0001 00 0001 61 00', 0x81],
  ['flags of SUBSCRIBE [MQTT-3.8.1-1]', 4, '80 06 0001 0001 61 00', 0],
  ['flags of UNSUBSCRIBE [MQTT-3.10.1-1]', 5, 'a0 06 0001 00 0001 61', 0x81],
  ['flags of UNSUBSCRIBE [MQTT-3.10.1-1]', 4, 'a0 05 0001 0001 61', 0],
  ['flags of DISCONNECT [MQTT-3.14.1-1]', 5, 'e1 00', 0x81],
  ['flags of DISCONNECT [MQTT-3.14.1-1]', 4, 'e1 00', 0],
  ['flags of AUTH [MQTT-3.15.1-1]', 5, 'f1 00', 0x81],
  ['QoS 3 [MQTT-3.3.1-4]', 5, '36 06 0001 61 0001 00', 0x81],
  ['QoS 3 [MQTT-3.3.1-4]', 4, '36 05 0001 61 0001', 0],
  ['DUP at QoS 0 [MQTT-3.3.1-2]', 5, '38 04 0001 61 00', 0x81],
  ['DUP at QoS 0 [MQTT-3.3.1-2]', 4, '38 03 0001 61', 0],
  ['a PUBLISH without Packet Identifier [MQTT-2.3.1-1]', 4, '32 05 0001 61 0000', 0],
  ['a PUBLISH without Packet Identifier [MQTT-2.2.1-3]', 5, '32 06 0001 61 0000 00', 0x82],
  ['a SUBSCRIBE without Packet Identifier [MQTT-2.3.1-1]', 4, '82 06 0000 0001 61 00', 0],
  ['an UNSUBSCRIBE without Packet Identifier [MQTT-2.3.1-1]', 4, 'a2 05 0000 0001 61', 0],
  ['a topic with a wildcard [MQTT-3.3.2-2] [MQTT-4.7.0-1]', 5, '30 06 0003 612f2b 00', 0x81],
  ['a topic with a wildcard [MQTT-3.3.2-2] [MQTT-4.7.1-1 of 3.1.1]', 4, '30 05 0003 612f23', 0],
  ['an empty topic [MQTT-4.7.3-1]', 4, '30 02 0000', 0],
  ['an empty filter [MQTT-4.7.3-1]', 5, '82 06 0001 00 0000 00', 0x81],
  ['Topic Alias 0 [MQTT-3.3.2-8]', 5, '30 07 0001 61 03 23 0000', 0x94],
  ['a Subscription Identifier in a PUBLISH [MQTT-3.3.4-6]', 5, '30 06 0001 61 02 0b 05', 0x82],
  ['a property that is not of this packet [MQTT-4.13.1-1]', 5, '30 06 0001 61 02 17 01', 0x81],
  ['a SUBSCRIBE without filter [MQTT-3.8.3-2]', 5, '82 03 0001 00', 0x82],
  ['a SUBSCRIBE without filter [MQTT-3.8.3-3 of 3.1.1] [MQTT-4.8.0-1]', 4, '82 02 0001', 0],
  ['reserved options of SUBSCRIBE [MQTT-3.8.3-5]', 5, '82 07 0001 00 0001 61 40', 0x81],
  ['reserved options of SUBSCRIBE [MQTT-3.8.3-4 of 3.1.1]', 4, '82 06 0001 0001 61 04', 0],
  ['SUBSCRIBE at QoS 3 [MQTT-3.8.3-4 of 3.1.1]', 4, '82 06 0001 0001 61 03', 0],
  ['No Local on a shared subscription [MQTT-3.8.3-4]', 5, '82 10 0001 00 000a 2473686172652f672f61 04', 0x82],
  ['an UNSUBSCRIBE without filter [MQTT-3.10.3-2]', 5, 'a2 03 0001 00', 0x82],
  ['an UNSUBSCRIBE without filter [MQTT-3.10.3-2] [MQTT-4.8.0-1]', 4, 'a2 02 0001', 0],
  ['a code that is none of PUBACK [MQTT-3.4.2-1]', 5, '40 03 0001 01', 0x81],
  ['a code that is none of PUBREC [MQTT-3.5.2-1]', 5, '50 03 0001 92', 0x81],
  ['a code that is none of PUBREL [MQTT-3.6.2-1]', 5, '62 03 0001 10', 0x81],
  ['a code that is none of PUBCOMP [MQTT-3.7.2-1]', 5, '70 03 0001 80', 0x81],
  ['a code that is none of DISCONNECT [MQTT-3.14.2-1]', 5, 'e0 01 01', 0x81],
  ['AUTH without authentication method [MQTT-4.12.0-7]', 5, 'f0 00', 0x82],
  ['a packet that only servers send [MQTT-4.8.0-1]', 4, 'd0 00', 0],
  ['packet type 0 [MQTT-4.13.1-1]', 5, '00 00', 0x81],
]

it.each(cases)(
  'a client that sends %s in level %i is told if it can be, and closed [MQTT-4.13.2-1] [MQTT-3.14.4-2 of 5.0]',
  async (_what, level, bytes, reasonCode) => {
    const client = await served.client(level)
    const bystander = await served.client(level)
    client.sendBytes(Buffer.from(`${bytes} c000`.replaceAll(' ', ''), 'hex'))
    const told: Packet[] = level === 5 ? [{ type: 'disconnect', reasonCode }] : []
    expect(await untilClosed(client)).toMatchObject(told)
    expect(await received(bystander)).toEqual([])
  },
)

it('a DISCONNECT of the server is its last packet, has a listed code and no session expiry [MQTT-3.14.4-1 of 5.0] [MQTT-3.14.2-1] [MQTT-3.14.2-2]', async () => {
  const clientId = served.unique()
  const properties = { sessionExpiryIntervalSeconds: 60 }
  const topic = served.topic()
  const older = await served.subscriber(5, topic, 1, { clientId, properties })
  await served.client(5, { clientId, properties, cleanStart: true })
  const packets = await untilClosed(older)
  expect(packets).toEqual([{ type: 'disconnect', reasonCode: 0x8e }])
})

it.each(LEVELS)('a client may say goodbye, and is closed (level %i) [MQTT-3.14.4-2 of 5.0]', async level => {
  const client = await served.client(level)
  client.send({ type: 'disconnect', reasonCode: 0 })
  expect(await untilClosed(client)).toEqual([])
})
