import { describe, expect, it } from 'vitest'
import { encode, type Packet } from '../../packages/server/src/mqtt/index.ts'
import { LEVELS, publishPacket, received, ServedMqtt, subscribe, subscribePacket, untilClosed } from './served-mqtt.ts'

const served = new ServedMqtt()
const hex = (...parts: string[]): Buffer => Buffer.from(parts.join('').replaceAll(' ', ''), 'hex')

describe('a good CONNECT', () => {
  it.each(LEVELS)(
    'is answered with one CONNACK 0, before anything else and with no reserved flag set (level %i) [MQTT-3.1.4-5] [MQTT-3.1.4-4 of 3.1.1] [MQTT-3.2.0-1] [MQTT-3.2.0-1 of 3.1.1] [MQTT-3.2.0-2] [MQTT-3.2.2-1 of 5.0]',
    async level => {
      const topic = served.topic()
      const connection = await served.open(level)
      const packets: Packet[] = [
        served.connect(level),
        subscribePacket(1, [{ filter: topic }]),
        publishPacket(topic, 'x', { qos: 1, packetId: 2 }),
      ]
      connection.sendBytes(Buffer.concat(packets.map(packet => encode(packet, level))))
      const answers = (await connection.untilPingresp()).map(({ type }) => type)
      expect(answers[0]).toBe('connack')
      expect(answers.slice(1).toSorted()).toEqual(['puback', 'publish', 'suback'])
      const bytes = Buffer.concat(connection.chunks)
      expect([bytes[0], bytes[2], bytes[3]]).toEqual([0x20, 0, 0])
    },
  )

  it.each(LEVELS)(
    'with Clean Start has no session to find (level %i) [MQTT-3.2.2-2 of 5.0] [MQTT-3.2.2-1 of 3.1.1]',
    async level => {
      const clientId = served.unique()
      for (let time = 0; time < 2; time++) {
        const { connack } = await served.client(level, { clientId, cleanStart: true })
        expect(connack).toMatchObject({ reasonCode: 0, sessionPresent: false })
      }
    },
  )

  it.each(LEVELS)('may name a client by 1 to 23 letters and digits (level %i) [MQTT-3.1.3-5]', async level => {
    const names = [
      '0',
      'z',
      'Z',
      '0123456789abcdefghijklm',
      'nopqrstuvwxyzABCDEFGHIJ',
      'KLMNOPQRSTUVWXYZ',
      '7'.repeat(23),
    ]
    for (const clientId of names) {
      expect((await served.client(level, { clientId })).connack.properties?.assignedClientIdentifier).toBeUndefined()
    }
  })

  it('may name no client, which is then given a name of its own and served by it [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]', async () => {
    const one = await served.client(5, { clientId: '' })
    const two = await served.client(5, { clientId: '' })
    const names = [one, two].map(({ connack }) => connack.properties?.assignedClientIdentifier ?? '')
    expect(names.every(name => /^[0-9a-zA-Z]+$/.test(name))).toBe(true)
    expect(new Set(names).size).toBe(2)
    await served.client(5, { clientId: names[0] ?? '' })
    expect(await one.expect('disconnect')).toMatchObject({ reasonCode: 0x8e })
    expect(await received(two)).toEqual([])
  })

  it('may name no client in MQTT 3.1.1 too, if its session is clean [MQTT-3.1.3-6 of 3.1.1]', async () => {
    const one = await served.client(4, { clientId: '', cleanStart: true })
    await served.client(4, { clientId: '', cleanStart: true })
    expect(await received(one)).toEqual([])
  })

  it('has no authentication method, no AUTH and no response information in its answer unless it asks for them [MQTT-4.12.0-6] [MQTT-3.1.2-28]', async () => {
    for (const requestResponseInformation of [undefined, false]) {
      const client = await served.client(5, { properties: { requestResponseInformation } })
      expect(client.connack.properties?.authenticationMethod).toBeUndefined()
      expect(client.connack.properties?.responseInformation).toBeUndefined()
      expect(await received(client)).toEqual([])
    }
  })
})

describe('a CONNECT of a client that is connected', () => {
  it.each(LEVELS)(
    'ends the older connection and no other (level %i) [MQTT-3.1.4-3] [MQTT-3.1.4-2 of 3.1.1] [MQTT-3.1.3-2]',
    async level => {
      const clientId = served.unique()
      const older = await served.client(level, { clientId })
      const other = await served.client(level)
      const newer = await served.client(level, { clientId })
      const told = level === 5 ? [{ type: 'disconnect', reasonCode: 0x8e }] : []
      expect(await untilClosed(older)).toMatchObject(told)
      expect([await received(other), await received(newer)]).toEqual([[], []])
    },
  )

  it.each(LEVELS)('ends it if it comes on the same connection (level %i) [MQTT-3.1.0-2]', async level => {
    const client = await served.client(level)
    client.send(served.connect(level))
    const told = level === 5 ? [{ type: 'disconnect', reasonCode: 0x82 }] : []
    expect(await untilClosed(client)).toMatchObject(told)
  })
})

describe('a CONNECT that is no good', () => {
  const name = '0004 4d515454'
  const rest = '003c 0001 61'
  const cases: [what: string, bytes: Buffer, answer: string][] = [
    ['another packet first [MQTT-3.1.0-1]', hex('c0 00'), ''],
    ['another protocol [MQTT-3.1.2-1] [MQTT-3.1.2-1 of 3.1.1]', hex('10 0d 0004 4d515458 05 02', rest), ''],
    ['level 6 [MQTT-3.1.2-2]', hex('10 0e', name, '06 02 003c 00 0001 61'), '2003008400'],
    ['level 2 [MQTT-3.1.2-2 of 3.1.1]', hex('10 0d', name, '02 02', rest), '20020001'],
    ['reserved flag of 3.1.1 [MQTT-3.1.2-3 of 3.1.1] [MQTT-3.2.2-6 of 3.1.1]', hex('10 0d', name, '04 03', rest), ''],
    ['reserved flag of 5.0 [MQTT-3.1.2-3 of 5.0]', hex('10 0e', name, '05 03 003c 00 0001 61'), '2003008100'],
    ['flags of the first byte in 3.1.1 [MQTT-2.2.2-2]', hex('11 0d', name, '04 02', rest), ''],
    ['flags of the first byte in 5.0 [MQTT-2.1.3-1]', hex('11 0e', name, '05 02 003c 00 0001 61'), ''],
    ['bytes behind its end in 3.1.1 [MQTT-3.1.4-1 of 3.1.1]', hex('10 0e', name, '04 02', rest, '00'), ''],
    ['bytes behind its end in 5.0 [MQTT-3.1.4-1]', hex('10 0f', name, '05 02 003c 00 0001 61 00'), '2003008100'],
    ['a property twice [MQTT-4.13.1-1]', hex('10 14', name, '05 02 003c 06 21 0001 21 0001 0001 61'), '2003008200'],
  ]
  it.each(cases)(
    'closes the connection, with no packet but CONNACK: %s [MQTT-3.14.0-1]',
    async (_what, bytes, answer) => {
      const connection = await served.open(answer.startsWith('2002') ? 4 : 5)
      connection.sendBytes(bytes)
      await connection.closed
      expect(Buffer.concat(connection.chunks).toString('hex')).toBe(answer)
    },
  )

  const unclosed = 'x|securemode=2,signmethod=hmacsha256'
  const refusals: [what: string, connect: object, code: number, code5: number][] = [
    ['a wrong password', { password: Buffer.from('wrong') }, 4, 0x86],
    ['an unknown key', { userName: 'nobody', password: Buffer.from('x') }, 4, 0x86],
    [
      'a Client Identifier that will not do [MQTT-3.1.3-8] [MQTT-3.1.3-9 of 3.1.1]',
      { clientId: unclosed, userName: 'dev&pk' },
      2,
      0x85,
    ],
  ]
  it.each(refusals)(
    'is told so by a CONNACK without session, and what follows it is not read: %s [MQTT-3.1.4-2] [MQTT-3.1.4-6] [MQTT-3.1.4-5 of 3.1.1] [MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT-3.2.2-8] [MQTT-3.2.2-4 of 3.1.1] [MQTT-3.2.2-5 of 3.1.1] [MQTT-4.13.2-1]',
    async (_what, connect, code, code5) => {
      for (const level of LEVELS) {
        const topic = served.topic()
        const watcher = await served.subscriber(level, topic)
        const connection = await served.open(level)
        const packets: Packet[] = [
          served.connect(level, connect),
          publishPacket(topic, 'no', { qos: 1 }),
          { type: 'pingreq' },
        ]
        connection.sendBytes(Buffer.concat(packets.map(packet => encode(packet, level))))
        const reasonCode = level === 5 ? code5 : code
        expect(await untilClosed(connection)).toMatchObject([{ type: 'connack', sessionPresent: false, reasonCode }])
        expect(await received(watcher)).toEqual([])
      }
    },
  )

  it('without Client Identifier and with a session to keep is refused in MQTT 3.1.1 [MQTT-3.1.3-8 of 3.1.1] [MQTT-3.1.3-7 of 3.1.1]', async () => {
    const connection = await served.open(4)
    connection.send(served.connect(4, { clientId: '', cleanStart: false }))
    expect(await untilClosed(connection)).toMatchObject([{ type: 'connack', sessionPresent: false, reasonCode: 2 }])
  })

  it('that asks for an authentication method is told that there is none [MQTT-4.12.0-1] [MQTT-4.12.0-4]', async () => {
    const connection = await served.open(5)
    connection.send(served.connect(5, { properties: { authenticationMethod: 'SCRAM-SHA-1' } }))
    expect(await untilClosed(connection)).toMatchObject([{ type: 'connack', sessionPresent: false, reasonCode: 0x8c }])
  })
})

it.each(LEVELS)('packets that come with the CONNECT are served after it (level %i) [MQTT-3.1.4-5]', async level => {
  const connection = await served.open(level)
  const packets: Packet[] = [served.connect(level), { type: 'pingreq' }]
  connection.sendBytes(Buffer.concat(packets.map(packet => encode(packet, level))))
  await connection.expect('connack')
  await connection.expect('pingresp')
  expect(await subscribe(connection, { filter: served.topic() })).toEqual([0])
})
