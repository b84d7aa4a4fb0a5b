import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RegistrationDecision } from '../registry/store.ts'
import type { Device, IssuedClientId, Product } from '../registry/types.ts'
import { blankDevice, defaultProduct } from './memory-registry.suite.ts'
import { rules } from './rules.ts'

const product = (change: Partial<Product> = {}): Product => ({ ...defaultProduct, productKey: 'pk', ...change })
const device = (change: Partial<Device> = {}): Device => ({ ...blankDevice('pk', 'dev1'), ...change })
const issued = (clientId: string, change: Partial<IssuedClientId> = {}): IssuedClientId => ({
  clientId,
  tokenHash: 'hash',
  createdAt: 10,
  usedAt: null,
  forbiddenAt: null,
  ...change,
})
const pending = (clientId: string, createdAt: number) => issued(clientId, { createdAt })
const used = (clientId: string) => issued(clientId, { usedAt: 20 })
const forbidden = (clientId: string) => issued(clientId, { forbiddenAt: 30 })
const decide = (mode: 'register' | 'regnwl', of: Product | undefined, to: Device | undefined): RegistrationDecision =>
  rules.decideRegistration({ mode, productKey: 'pk', deviceName: 'dev1', now: 100 }, of, to)

type Case = [rule: string, of: Product | undefined, to: Device | undefined, decision: RegistrationDecision]
const refused = (reason: Extract<RegistrationDecision, { kind: 'refuse' }>['reason']): RegistrationDecision => ({
  kind: 'refuse',
  reason,
})
const secret = (clearClientIds = false): RegistrationDecision => ({ kind: 'issue-secret', clearClientIds })
const token = (createDevice = false, replaces: string | null = null): RegistrationDecision => ({
  kind: 'issue-token',
  createDevice,
  replaces,
})

describe('register', () => {
  const activated = { deviceSecret: 's', activatedAt: 5, secretActivatedAt: 5 }
  const cases: Case[] = [
    ['refuses an unknown product', undefined, device(), refused('product-unknown')],
    ['refuses while the switch is off', product({ dynamicRegistration: false }), device(), refused('switch-off')],
    ['refuses an unknown device', product(), undefined, refused('device-unknown')],
    ['refuses a disabled device', product(), device({ disabled: true }), refused('device-disabled')],
    [
      'refuses a disabled device even after a reset',
      product(),
      device({ disabled: true, reopenedAt: 9 }),
      refused('device-disabled'),
    ],
    ['gives a new device a secret', product(), device(), secret()],
    ['gives a device that never logged in a new secret again', product(), device({ deviceSecret: 's' }), secret()],
    ['does not need preregistration-free to be on', product({ preregistrationFree: false }), device(), secret()],
    ['refuses a device that logged in with its secret', product(), device(activated), refused('already-activated')],
    [
      'refuses a device of which a unit logged in with a token',
      product(),
      device({ clientIds: [used('a')] }),
      refused('already-activated'),
    ],
    [
      'counts a used ClientID that was forbidden later',
      product(),
      device({ clientIds: [issued('a', { usedAt: 1, forbiddenAt: 2 })] }),
      refused('already-activated'),
    ],
    [
      'does not count pending ClientIDs, and leaves them',
      product(),
      device({ clientIds: [pending('a', 1)] }),
      secret(),
    ],
    [
      'gives an activated device a secret after a reset',
      product(),
      device({ ...activated, reopenedAt: 9 }),
      secret(true),
    ],
    [
      'clears the ClientIDs when it issues after a reset',
      product(),
      device({ clientIds: [used('a')], reopenedAt: 9 }),
      secret(true),
    ],
  ]
  test.each(cases)('%s', (_rule, of, to, decision) => {
    expect(decide('register', of, to)).toEqual(decision)
  })
})

describe('register, asked for by a gateway', () => {
  const decideFor = (of: Product, to: Device | undefined) =>
    rules.decideRegistration(
      { mode: 'register', productKey: 'pk', deviceName: 'dev1', byGateway: true, now: 100 },
      of,
      to,
    )
  const allowing = product({ registrationByGateways: true })
  test.each<[rule: string, of: Product, to: Device | undefined, decision: RegistrationDecision]>([
    ['is refused unless the product allows it', product(), device(), refused('registration-by-gateways-off')],
    ['needs the switch too', { ...allowing, dynamicRegistration: false }, device(), refused('switch-off')],
    ['refuses a device that nobody created', allowing, undefined, refused('device-unknown')],
    ['refuses an activated device', allowing, device({ secretActivatedAt: 5 }), refused('already-activated')],
    ['issues a secret where it is allowed', allowing, device(), secret()],
  ])('%s', (_rule, of, to, decision) => {
    expect(decideFor(of, to)).toEqual(decision)
  })
})

describe('regnwl', () => {
  const open = (change: Partial<Product> = {}) => product({ preregistrationFree: true, clientIdLimit: 3, ...change })
  const full = (...clientIds: IssuedClientId[]) => device({ clientIds })
  const slotsFull = { ...refused('slots-full'), problem: '3 of 3 in use' }
  const cases: Case[] = [
    ['refuses an unknown product', undefined, undefined, refused('product-unknown')],
    ['refuses while the switch is off', open({ dynamicRegistration: false }), undefined, refused('switch-off')],
    ['refuses where preregistration-free is off', product(), undefined, refused('preregistration-free-off')],
    [
      'refuses a known device as well where preregistration-free is off',
      product(),
      device(),
      refused('preregistration-free-off'),
    ],
    ['creates a device that is not there', open(), undefined, token(true)],
    ['refuses a disabled device', open(), device({ disabled: true }), refused('device-disabled')],
    [
      'refuses a name that is activated by a secret',
      open(),
      device({ secretActivatedAt: 5 }),
      refused('secret-identity'),
    ],
    [
      'refuses it even after a reset',
      open(),
      device({ secretActivatedAt: 5, reopenedAt: 9 }),
      refused('secret-identity'),
    ],
    ['takes a device whose secret never logged in', open(), device({ deviceSecret: 's' }), token()],
    ['takes a free slot', open(), full(used('a'), used('b')), token()],
    ['takes a free slot before it replaces a pending ClientID', open(), full(pending('a', 1)), token()],
    [
      'replaces the oldest pending ClientID when full',
      open(),
      full(used('a'), pending('b', 7), pending('c', 6)),
      token(false, 'c'),
    ],
    ['never replaces a used ClientID', open(), full(used('a'), pending('b', 999), used('c')), token(false, 'b')],
    [
      'never replaces a forbidden ClientID',
      open(),
      full(forbidden('a'), pending('b', 999), used('c')),
      token(false, 'b'),
    ],
    ['refuses when all slots are used', open(), full(used('a'), used('b'), used('c')), slotsFull],
    ['counts forbidden ClientIDs as used slots', open(), full(forbidden('a'), forbidden('b'), used('c')), slotsFull],
    [
      'keeps to a limit that was lowered',
      open({ clientIdLimit: 1 }),
      full(used('a'), used('b')),
      { ...refused('slots-full'), problem: '2 of 1 in use' },
    ],
    [
      'replaces, but adds none, above a limit that was lowered',
      open({ clientIdLimit: 1 }),
      full(used('a'), pending('b', 1)),
      token(false, 'b'),
    ],
  ]
  test.each(cases)('%s', (_rule, of, to, decision) => {
    expect(decide('regnwl', of, to)).toEqual(decision)
  })
})

test('the rules change nothing that they are given', () => {
  const anyClientId = fc.record({
    clientId: fc.string({ minLength: 1, maxLength: 3 }),
    tokenHash: fc.constant('hash'),
    createdAt: fc.nat(100),
    usedAt: fc.option(fc.nat(100)),
    forbiddenAt: fc.option(fc.nat(100)),
  })
  fc.assert(
    fc.property(fc.constantFrom('register', 'regnwl'), fc.array(anyClientId, { maxLength: 6 }), (mode, clientIds) => {
      const [of, to] = [product({ preregistrationFree: true }), device({ clientIds })]
      const before = structuredClone([of, to])
      decide(mode, of, to)
      expect([of, to]).toEqual(before)
    }),
  )
})
