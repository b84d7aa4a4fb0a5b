import { expect, it } from 'vitest'
import type { Connack, Connect, ProtocolLevel } from '../../mqtt/index.ts'
import { defaultClientLimits, maxPacketSizeBytes } from '../client/client-limits.ts'
import type { AttachRequest } from '../port.ts'
import { clientAnswer, upstreamConnect } from './rewriting.ts'

function request(
  level: ProtocolLevel,
  connect: Partial<Connect> = {},
  rest: Partial<AttachRequest> = {},
): AttachRequest {
  return {
    identity: { kind: 'device', sessionId: 'pk/dn', productKey: 'pk', deviceName: 'dn', clientId: null },
    connect: {
      ...{ type: 'connect', protocolLevel: level, cleanStart: false, keepAliveSeconds: 60, clientId: 'x|y=z|' },
      ...{ userName: 'dn&pk', password: Buffer.from('its own'), ...connect },
    },
    link: {} as AttachRequest['link'],
    keepAliveSeconds: 60,
    keepAliveChanged: false,
    serverSubscriptions: [],
    ...rest,
  }
}
const accepted = (properties: Connack['properties']): Connack => {
  return { type: 'connack', sessionPresent: true, reasonCode: 0, properties }
}

it('the cluster gets the session’s id and the gateway’s credentials, and everything else as the client said it', () => {
  const properties = { sessionExpiryIntervalSeconds: 60, receiveMaximum: 10 }
  const will = { topic: '/pk/dn/w', payload: Buffer.from('w'), qos: 1, retain: false } as const
  const credentials = { userName: 'relay', password: Buffer.from('secret') }
  expect(upstreamConnect(request(5, { properties }), credentials, will)).toEqual({
    ...{ type: 'connect', protocolLevel: 5, cleanStart: false, clientId: 'pk/dn', keepAliveSeconds: 70 },
    ...{ ...credentials, will, properties },
  })
})

it.each([
  [3, 4],
  [4, 4],
  [5, 5],
] as const)('a client of level %i is one of level %i there', (level, there) => {
  expect(upstreamConnect(request(level), {}, undefined).protocolLevel).toBe(there)
})

it.each([
  [0, 0],
  [65_535, 65_535],
])('a Keep Alive of %i becomes %i', (keepAliveSeconds, there) => {
  expect(upstreamConnect(request(4, {}, { keepAliveSeconds }), {}, undefined).keepAliveSeconds).toBe(there)
})

it('an older client hears of the session and of nothing else', () => {
  const { connack } = clientAnswer(request(4), accepted({ reasonString: 'hi' }), defaultClientLimits)
  expect(connack).toEqual({ type: 'connack', sessionPresent: true, reasonCode: 0 })
})

it('the offers of the cluster hold within what the gateway takes', () => {
  const offers = {
    receiveMaximum: 65_535,
    topicAliasMaximum: 1000,
    maximumQos: 1,
    serverReference: 'elsewhere',
  } as const
  const asked = request(5, { clientId: '', properties: { requestResponseInformation: true } })
  const { connack, topicAliasMaximum } = clientAnswer(asked, accepted(offers), defaultClientLimits)
  expect(connack.properties).toMatchObject({
    ...{ receiveMaximum: 1000, topicAliasMaximum: 32, maximumQos: 1, assignedClientIdentifier: 'pk/dn' },
    ...{ maximumPacketSizeBytes: maxPacketSizeBytes(defaultClientLimits), responseInformation: '/pk/dn/response' },
  })
  expect(connack.properties).not.toHaveProperty('serverReference')
  expect(topicAliasMaximum).toBe(32)
})

it('Link SDK C is offered no topic aliases, whatever the cluster takes', () => {
  const asked = request(5, { clientId: 'pk.dn|timestamp=2524608000000,_v=sdk-c-4.2.0,securemode=2|' })
  const { connack, topicAliasMaximum } = clientAnswer(asked, accepted({ topicAliasMaximum: 10 }), defaultClientLimits)
  expect([connack.properties?.topicAliasMaximum, topicAliasMaximum]).toEqual([undefined, 0])
})

it.each([
  ['none of the cluster’s, none of ours', {}, {}, 60, undefined],
  ['ours, which is not what the client asked', {}, { keepAliveChanged: true }, 60, 60],
  ['a shorter one of the cluster', { serverKeepAliveSeconds: 20 }, {}, 20, 20],
  ['a longer one of the cluster', { serverKeepAliveSeconds: 65 }, {}, 60, undefined],
  ['one of the cluster where the client wants none', { serverKeepAliveSeconds: 20 }, { keepAliveSeconds: 0 }, 20, 20],
])('Server Keep Alive: %s', (_, offers, rest, inForce, told) => {
  const answer = clientAnswer(request(5, {}, rest), accepted(offers), defaultClientLimits)
  expect([answer.keepAliveSeconds, answer.connack.properties?.serverKeepAliveSeconds]).toEqual([inForce, told])
})
