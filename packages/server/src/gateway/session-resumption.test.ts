import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { deriveKey } from '../registry/master-key.ts'
import { acceptedBytes, connectBytes, type RunningGateway, until, useGateways } from './gateway-fakes.suite.ts'
import { ticketKeyOf, ticketPeriodAt, ticketPeriodMs } from './ticket-keys.ts'
import { sessionSeconds } from './tls-options.ts'

const { start, certificates } = useGateways()

const SECRET = Buffer.alloc(32, 1)
/** The first instant of a period. */
const BEGIN = ticketPeriodMs * 40_000
const CONNACK_SIZE_BYTES = 4

interface Visit {
  session: Buffer
  isReused: boolean
}

/** One device's visit: handshake, CONNECT, CONNACK; brings the session home. */
async function visit({ port }: RunningGateway, version: 'TLSv1.2' | 'TLSv1.3', session?: Buffer): Promise<Visit> {
  const versions = { minVersion: version, maxVersion: version }
  const resumed = session === undefined ? {} : { session }
  const socket = connect({ host: '127.0.0.1', port, ca: certificates().caPem ?? '', ...versions, ...resumed })
  const sessions: Buffer[] = []
  let received: Buffer = Buffer.of()
  socket.on('session', one => sessions.push(one)) // TLS 1.3: after the handshake, with the first bytes
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
  })
  await once(socket, 'secureConnect')
  socket.write(connectBytes('dev1'))
  await until(() => received.length >= CONNACK_SIZE_BYTES, 'a CONNACK')
  expect(received).toEqual(acceptedBytes)
  const isReused = socket.isSessionReused()
  const fresh = sessions.at(-1) ?? session ?? sessionOf(socket)
  socket.destroy()
  return { session: fresh, isReused }
}

function sessionOf(socket: TLSSocket): Buffer {
  const session = socket.getSession()
  if (session === undefined) throw new Error('no session')
  return session
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a session of %s', version => {
  const gatewayAt = (now: () => number, ticketSecret: Uint8Array = SECRET) => start({ ticketSecret, now })

  test('is resumed at another gateway of the same secret, and the journal and onboarding see its version', async () => {
    const one = await gatewayAt(() => BEGIN)
    const other = await gatewayAt(() => BEGIN)
    const first = await visit(one, version)
    expect(first.isReused).toBe(false)
    expect((await visit(other, version, first.session)).isReused).toBe(true)
    expect(other.asked.map(({ peer }) => peer)).toEqual(one.asked.map(({ peer }) => peer))
    expect(other.asked[0]?.peer).toMatchObject({ tlsVersion: version, tlsCipher: expect.stringMatching(/AES_?128/) })
  })

  test('is not resumed at a gateway of another secret', async () => {
    const { session } = await visit(await gatewayAt(() => BEGIN), version)
    const other = await gatewayAt(() => BEGIN, Buffer.alloc(32, 2))
    expect((await visit(other, version, session)).isReused).toBe(false)
  })

  test.each([
    ['a moment later in the next period', ticketPeriodMs, true],
    ['as long as its ticket is good, in the next period', ticketPeriodMs + sessionSeconds * 1000 - 1, true],
    ['not longer than that', ticketPeriodMs + sessionSeconds * 1000, false],
    ['not two periods later', 2 * ticketPeriodMs, false],
  ])('made at the end of a period is resumed: %s', async (_, afterMs, isReused) => {
    let now = BEGIN + ticketPeriodMs - 1
    const running = await gatewayAt(() => now) // it lives through the change
    const { session } = await visit(running, version)
    now = BEGIN + afterMs
    expect((await visit(running, version, session)).isReused).toBe(isReused)
    const fresh = await gatewayAt(() => now) // it is started after it
    expect((await visit(fresh, version, session)).isReused).toBe(isReused)
  })

  test('is resumed across a change of certificates, in both periods', async () => {
    let now = BEGIN + ticketPeriodMs - 1
    const running = await gatewayAt(() => now)
    const { session } = await visit(running, version)
    running.gateway.reloadCertificates(certificates())
    expect((await visit(running, version, session)).isReused).toBe(true)
    now = BEGIN + ticketPeriodMs
    running.gateway.reloadCertificates(certificates())
    expect((await visit(running, version, session)).isReused).toBe(true)
  })
})

test('each period has a key and a name of its own, and the secret alone decides', () => {
  const period = ticketPeriodAt(BEGIN)
  const keys = [ticketKeyOf(SECRET, period), ticketKeyOf(SECRET, period + 1), ticketKeyOf(Buffer.alloc(32, 2), period)]
  expect(new Set(keys.map(({ bytes }) => bytes.toString('hex')))).toHaveLength(3)
  expect(new Set(keys.map(({ name }) => name.toString('hex')))).toHaveLength(3)
  expect(ticketKeyOf(SECRET, period)).toEqual(keys[0])
  expect(ticketPeriodAt(BEGIN - 1)).toBe(period - 1)
})

test('a key for a purpose is neither the master key nor the key for another one', () => {
  const master = Buffer.alloc(32, 7)
  const keys = [master, deriveKey(master, 'a'), deriveKey(master, 'b'), deriveKey(Buffer.alloc(32, 8), 'a')]
  expect(new Set(keys.map(key => key.toString('hex')))).toHaveLength(4)
  expect(deriveKey(master, 'a')).toEqual(keys[1])
})
