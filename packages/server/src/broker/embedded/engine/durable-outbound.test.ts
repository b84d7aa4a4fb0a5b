import { describe, expect, it } from 'vitest'
import { DurableOutbound } from './durable-outbound.ts'

const limits = { window: 2, queuedMessages: 4, queuedBytes: 100 }

function outbound(given = limits): DurableOutbound<string> {
  return new DurableOutbound<string>({ level: 4, limits: given })
}

function add(flow: DurableOutbound<string>, message: string, qos: 1 | 2 = 1) {
  return flow.add({ qos, sizeBytes: 10, message })
}

/** What is sent now: message or PUBREL, `again` if it is a repetition. */
function sent(flow: DurableOutbound<string>): string[] {
  const out: string[] = []
  for (let next = flow.take(); next !== undefined; next = flow.take()) {
    const { entry, isRepeat } = next
    out.push(`${entry.isReleased ? 'pubrel' : entry.message}${isRepeat ? ' again' : ''} #${entry.packetId}`)
  }
  return out
}

const pubrec = (packetId: number, reasonCode = 0) => ({ type: 'pubrec', packetId, reasonCode }) as const
const pubcomp = (packetId: number) => ({ type: 'pubcomp', packetId, reasonCode: 0 }) as const

describe('outgoing messages of a session that outlives its connection', () => {
  it('go out within the window, and go on as they are acknowledged, in any order [MQTT-3.3.4-9]', () => {
    const flow = outbound()
    for (const message of ['a', 'b', 'c']) add(flow, message)
    expect(sent(flow)).toEqual(['a #1', 'b #2'])
    expect(flow.acknowledgeQos1(3)).toEqual([]) // not sent yet
    expect(flow.acknowledgeQos1(2)).toMatchObject([{ do: 'settled', entry: { message: 'b' } }, { do: 'pump' }])
    expect(sent(flow)).toEqual(['c #3'])
    expect(flow.acknowledgeQos1(2)).toEqual([]) // twice
    expect([flow.inFlight, flow.queuedMessages, flow.queuedBytes]).toEqual([2, 2, 20])
  })

  it('of QoS 2 wait until they are stored, and so does what is behind them', () => {
    const flow = outbound()
    const first = add(flow, 'a', 2)
    add(flow, 'b')
    expect(sent(flow)).toEqual([])
    first.isStored = true
    expect(sent(flow)).toEqual(['a #1', 'b #2'])
  })

  it('go out again in their order when the connection is a new one, released ones as PUBREL [MQTT-4.4.0-1]', () => {
    const flow = outbound({ ...limits, window: 3 })
    for (const message of ['a', 'b', 'c', 'd']) add(flow, message, message === 'b' ? 2 : 1).isStored = true
    expect(sent(flow)).toEqual(['a #1', 'b #2', 'c #3'])
    expect(flow.acknowledge(pubrec(2))).toMatchObject([
      { do: 'released', entry: { message: 'b' } },
      { do: 'send', packet: { type: 'pubrel', packetId: 2, reasonCode: 0 } },
    ])
    flow.reopen({ level: 5, limits: { ...limits, window: 4 } })
    expect(sent(flow)).toEqual(['a again #1', 'pubrel again #2', 'c again #3', 'd #4'])
    expect(flow.acknowledge(pubcomp(2))).toMatchObject([{ do: 'settled', entry: { message: 'b' } }])
  })

  it('are not settled by what belongs to a connection before', () => {
    const flow = outbound({ ...limits, window: 1 })
    for (const message of ['a', 'b']) add(flow, message)
    expect(sent(flow)).toEqual(['a #1'])
    flow.reopen({ level: 4, limits })
    expect(flow.acknowledgeQos1(1)).toEqual([])
    expect(sent(flow)).toEqual(['a again #1', 'b #2'])
  })

  it.each([
    [
      'PUBREC of a QoS 1 message',
      1,
      pubrec(1),
      [{ do: 'send', packet: { type: 'pubrel', packetId: 1, reasonCode: 0 } }],
    ],
    ['PUBCOMP before PUBREC', 2, pubcomp(1), []],
    ['PUBACK of a QoS 2 message', 2, { type: 'puback', packetId: 1, reasonCode: 0 } as const, []],
    ['PUBREC that refuses [MQTT-4.3.3-4]', 2, pubrec(1, 0x87), [{ do: 'settled' }]],
  ] as const)('take %s as it is meant', (_what, qos, packet, effects) => {
    const flow = outbound()
    add(flow, 'a', qos).isStored = true
    sent(flow)
    expect(flow.acknowledge(packet)).toMatchObject(effects)
  })

  it('fill their queue by number and by bytes, those in flight included', () => {
    const flow = outbound()
    for (const message of ['a', 'b', 'c']) add(flow, message)
    sent(flow)
    expect([flow.hasRoomFor(70), flow.hasRoomFor(71)]).toEqual([true, false])
    add(flow, 'd')
    expect([flow.hasRoomFor(1), flow.fullness]).toEqual([false, 1])
    flow.acknowledgeQos1(1)
    expect(flow.hasRoomFor(1)).toBe(true)
  })

  it('have identifiers that are free, also after 65,535 and after a restart [MQTT-2.2.1-4]', () => {
    const flow = outbound()
    const stays = add(flow, 'stays')
    for (let count = 0; count < 70_000; count++) {
      const { packetId } = add(flow, 'goes')
      sent(flow)
      expect(packetId).not.toBe(stays.packetId)
      flow.acknowledgeQos1(packetId)
    }
    const restarted = outbound()
    restarted.restore(
      [...flow.entries()].map(entry => ({ ...entry, isStored: true })),
      9,
    )
    expect(add(restarted, 'new')).toMatchObject({ packetId: 2, sequence: 10 })
    expect(sent(restarted)).toEqual(['stays again #1', 'new #2'])
  })

  it('are purged only if they were never sent', () => {
    const flow = outbound({ ...limits, window: 1 })
    for (const message of ['old', 'old', 'new']) add(flow, message)
    sent(flow)
    expect(flow.purge(message => message === 'old')).toMatchObject([{ packetId: 2 }])
    expect([flow.queuedMessages, flow.queuedBytes]).toEqual([2, 20])
    flow.acknowledgeQos1(1)
    expect(sent(flow)).toEqual(['new #3'])
  })
})
