import { beforeEach, describe, expect, test } from 'vitest'
import type { AskingGateway, GatewayAnswer } from '../onboarding/admission.ts'
import { application, createFakeBroker, device, type FakeBroker } from './fake-broker.suite.ts'
import { answerSubDevices, type SubDevices } from './sub-devices.ts'

const TOPIC = '/sys/pk1/dev1/thing/sub/register'
const lamp = { productKey: 'sub', deviceName: 'lamp1' }
const request = { id: '7', version: '1.0', params: [lamp], method: 'thing.sub.register' }

let broker: FakeBroker
let subDevices: SubDevices
let asked: { subDevices: unknown; gateway: AskingGateway }[]
let answers: PromiseWithResolvers<GatewayAnswer>
let errors: unknown[]
beforeEach(() => {
  broker = createFakeBroker()
  broker.connect(device())
  asked = []
  errors = []
  answers = Promise.withResolvers()
  subDevices = answerSubDevices({
    broker,
    onError: error => errors.push(error),
    maxUnderWay: 2,
    onboarding: {
      registerByGateway: (read, gateway) => {
        asked.push({ subDevices: read.ok ? read.subDevices : read.problem, gateway })
        return answers.promise
      },
    },
  })
})
const send = (payload: unknown, topic = TOPIC, from: Parameters<FakeBroker['receive']>[0]['from'] = device()) =>
  broker.receive({ topic, payload: Buffer.from(JSON.stringify(payload)), from })

describe('a gateway that registers its sub-devices', () => {
  test('is answered on its own connection only, with the id of its request', async () => {
    send(request)
    expect(asked).toEqual([
      {
        subDevices: [lamp],
        gateway: { productKey: 'pk1', deviceName: 'dev1', address: '10.0.0.7', transport: 'tls' },
      },
    ])
    answers.resolve({ code: 200, registered: [{ ...lamp, deviceSecret: 's3cret' }] })
    await subDevices.close()
    expect(broker.privately).toHaveLength(1)
    expect(broker.privately[0]?.topic).toBe(`${TOPIC}_reply`)
    expect(JSON.parse(broker.privately[0]?.payload ?? '')).toMatchObject({
      ...{ id: '7', code: 200, data: [{ ...lamp, deviceSecret: 's3cret' }] },
    })
    expect(broker.published).toEqual([])
  })

  test('is told so when its request can’t be read', async () => {
    send({ id: 8, params: [] })
    answers.resolve({ code: 460, registered: [] })
    await subDevices.close()
    expect(asked[0]?.subDevices).toMatch(/not a list/)
    expect(JSON.parse(broker.privately[0]?.payload ?? '')).toMatchObject({ id: 8, code: 460, data: [] })
  })

  test.each([
    ['an application', TOPIC, application()],
    ['a device on another one’s topic', TOPIC, device('dev2')],
    ['a device that has just gone', '/sys/pk1/gone/thing/sub/register', device('gone')],
  ])('%s is not answered', async (_, topic, from) => {
    broker.connect(device('dev2'))
    send(request, topic, from)
    await subDevices.close()
    expect({ asked, privately: broker.privately }).toEqual({ asked: [], privately: [] })
  })

  const codes = () => broker.privately.map(({ payload }) => [JSON.parse(payload).id, JSON.parse(payload).code])

  test('no more requests are taken than may be under way; further ones are told to come later', async () => {
    for (const id of ['1', '2', '3']) send({ ...request, id })
    expect(asked).toHaveLength(2)
    await expect.poll(() => codes()).toEqual([['3', 500]])
    answers.resolve({ code: 200, registered: [] })
    await expect.poll(() => broker.privately.length).toBe(3)
    send({ ...request, id: '4' })
    await subDevices.close()
    expect(codes().at(-1)).toEqual(['4', 200])
  })

  test('an answer that fails is told, and closing ends it all', async () => {
    send(request)
    answers.reject(new Error('odd'))
    await subDevices.close()
    expect(errors).toEqual([new Error('odd')])
    expect(broker.privately).toEqual([])
    expect(broker.listeners()).toBe(0)
  })
})
