import { parseSubDeviceRegistration } from '@hatchway/protocol'
import { describe, expect, test } from 'vitest'
import type { AskingGateway } from './admission.ts'
import { unavailable } from './memory-registry.suite.ts'
import { type Bench, openBench } from './onboarding.suite.ts'
import { subDeviceCode } from './sub-devices.ts'

const gateway: AskingGateway = { productKey: 'gw', deviceName: 'gate1', address: '10.0.0.7', transport: 'tls' }
const open = (product: object = {}, device: object = {}, settings: object = {}): Bench => {
  const bench = openBench(settings)
  bench.registry.addProduct({ productKey: 'sub', registrationByGateways: true, ...product })
  for (const deviceName of ['lamp1', 'lamp2']) bench.registry.addDevice({ productKey: 'sub', deviceName, ...device })
  return bench
}
const ask = (bench: Bench, names: unknown, from = gateway) => {
  const request = parseSubDeviceRegistration(Buffer.from(JSON.stringify({ id: '1', params: names })))
  return bench.onboarding.registerByGateway(request, from)
}
const lamp = (deviceName = 'lamp1', productKey = 'sub') => ({ productKey, deviceName })

describe('registration by a gateway', () => {
  test('gives each sub-device the DeviceSecret that is stored, and journals it with its gateway', async () => {
    const bench = open()
    const { code, registered } = await ask(bench, [lamp('lamp1'), lamp('lamp2')])
    expect(code).toBe(200)
    expect(registered).toEqual(
      ['lamp1', 'lamp2'].map(name => ({
        mode: 'register',
        ...lamp(name),
        deviceSecret: bench.registry.peek('sub', name)?.deviceSecret,
      })),
    )
    expect(registered[0]?.deviceSecret).toMatch(/^[0-9a-f]{32}$/)
    expect(registered[0]?.deviceSecret).not.toBe(registered[1]?.deviceSecret)
    expect(bench.registry.entries).toHaveLength(2)
    expect(bench.registry.entries[0]).toMatchObject({
      ...{ outcome: 'registered', mode: 'register', ...lamp(), address: '10.0.0.7', transport: 'tls' },
      ...{ connackCode: null, detail: { gateway: 'gw/gate1' } },
    })
  })

  test('a device may be registered again until it has logged in', async () => {
    const bench = open()
    const first = await ask(bench, [lamp()])
    const second = await ask(bench, [lamp()])
    expect(second).toMatchObject({ code: 200 })
    expect(second.registered).not.toEqual(first.registered)
  })

  const refusals: [rule: string, names: unknown, product: object, device: object, reason: string, code: number][] = [
    ['a list that can’t be read', 'lamp1', {}, {}, 'sub-devices-malformed', 460],
    ['a ProductKey that is none', [lamp('lamp1', 'a b')], {}, {}, 'product-key-malformed', 460],
    ['a DeviceName that is none', [lamp('x')], {}, {}, 'device-name-malformed', 460],
    ['an unknown product', [lamp('lamp1', 'other')], {}, {}, 'product-unknown', 460],
    ['an unknown device', [lamp('lamp9')], {}, {}, 'device-unknown', 460],
    [
      'a product that does not allow it',
      [lamp()],
      { registrationByGateways: false },
      {},
      'registration-by-gateways-off',
      6288,
    ],
    ['the switch off', [lamp()], { dynamicRegistration: false }, {}, 'switch-off', 6288],
    ['an activated device', [lamp()], {}, { secretActivatedAt: 5 }, 'already-activated', 460],
    ['a disabled device', [lamp()], {}, { disabled: true }, 'device-disabled', 460],
    ['the gateway itself', [lamp('gate1', 'gw')], {}, {}, 'sub-device-itself', 6402],
  ]
  test.each(refusals)('%s is refused with its code', async (_rule, names, product, device, reason, code) => {
    const bench = open(product, device)
    expect(await ask(bench, names)).toEqual({ code, registered: [] })
    expect(bench.registry.entries).toHaveLength(1)
    expect(bench.registry.entries[0]).toMatchObject({
      ...{ outcome: 'refused', reason, mode: 'register', detail: { gateway: 'gw/gate1' } },
    })
  })

  test('one that is refused spoils only itself', async () => {
    const bench = open()
    const answer = await ask(bench, [lamp('lamp9'), lamp('lamp2'), lamp('gate1', 'gw')])
    expect(answer).toMatchObject({ code: 200, registered: [lamp('lamp2')] })
    expect(bench.registry.entries.map(({ reason }) => reason).sort()).toEqual([
      ...['device-unknown', 'registered', 'sub-device-itself'],
    ])
  })

  test.each(['tcp', 'ws'] as const)('over %s nothing is issued: a secret would go back', async transport => {
    const bench = open()
    expect(await ask(bench, [lamp()], { ...gateway, transport })).toEqual({ code: 460, registered: [] })
    expect(bench.registry.entries[0]).toMatchObject({ reason: 'tls-required' })
    expect(bench.registry.calls).toEqual([])
  })

  test('a gateway that asks for more than thirty times its connects has to wait', async () => {
    const bench = open({}, {}, { connectsPerMinute: 1 })
    const names = Array.from({ length: 30 }, (_, index) => lamp(`none${index}`))
    expect(await ask(bench, names)).toEqual({ code: 460, registered: [] })
    expect(await ask(bench, [lamp()])).toEqual({ code: 500, registered: [] })
    expect(bench.registry.entries.at(-1)).toMatchObject({ reason: 'rate-limited' })
    expect(await ask(bench, [lamp()], { ...gateway, deviceName: 'gate2' })).toMatchObject({ code: 200 })
  })

  test('a store that is down, and a server that drains, answer 500', async () => {
    const bench = open()
    bench.registry.fail(unavailable())
    expect(await ask(bench, [lamp()])).toEqual({ code: 500, registered: [] })
    bench.onboarding.drain()
    expect(await ask(bench, [lamp()])).toEqual({ code: 500, registered: [] })
    expect(subDeviceCode('internal-error')).toBe(500)
  })
})
