import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import {
  acceptedBytes,
  connectBytes,
  tcpClient,
  temporaryCertificates,
  tlsClient,
  until,
  useGateways,
} from './gateway-fakes.suite.ts'
import { cipherList, legacySuites } from './tls-options.ts'

const { start, certificates } = useGateways()

/** What `openssl s_client` prints; it hangs up after the handshake. Fails where openssl is missing. */
function opensslClient(port: number, options: readonly string[], ca = true): Promise<string> {
  const trust = ca ? ['-CAfile', certificates().caFile ?? ''] : ['-no-CAfile', '-no-CApath', '-no-CAstore']
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, ...trust, '-verify_return_error', ...options]
  return new Promise((resolve, reject) => {
    const child = execFile('openssl', args, { timeout: 20_000 }, (error, stdout, stderr) => {
      if (error !== null && error.code === 'ENOENT') reject(error)
      else resolve(stdout + stderr)
    })
    child.stdin?.end()
  })
}

const level0 = (suite: string): string[] => ['-tls1_2', '-cipher', `${suite}:@SECLEVEL=0`]

test.each(legacySuites)('a client that has only %s gets in with the RSA certificate', async suite => {
  const { port } = await start()
  const output = await opensslClient(port, level0(suite))
  expect(output).toContain(`Cipher is ${suite}\n`)
  expect(output).toContain('Verify return code: 0 (ok)')
})

test('a client with the suites of a fielded C SDK gets the strongest of them', async () => {
  const { port } = await start()
  expect(await opensslClient(port, level0(legacySuites.toReversed().join(':')))).toContain('Cipher is AES256-SHA256\n')
})

test.each([
  ['TLS 1.3', ['-tls1_3'], 'TLS_AES_128_GCM_SHA256', 'ECDSA'],
  ['TLS 1.2', ['-tls1_2'], 'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDSA'],
  ['TLS 1.2 without ECDSA', ['-tls1_2', '-cipher', 'ECDHE+aRSA'], 'ECDHE-RSA-AES128-GCM-SHA256', 'RSA-PSS'],
] as const)('a modern client of %s gets forward secrecy', async (_, options, cipher, signature) => {
  const { port } = await start()
  const output = await opensslClient(port, options)
  expect(output).toContain(`Cipher is ${cipher}\n`)
  expect(output).toContain(`Peer signature type: ${signature}\n`)
  expect(output).toMatch(/Verify return code: 0 \(ok\)/)
})

test('a client that prefers a legacy suite gets a modern one if it has any', async () => {
  const { port } = await start()
  expect(await opensslClient(port, level0('AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256'))).toContain(
    'Cipher is ECDHE-RSA-AES128-GCM-SHA256\n',
  )
})

test('legacy suites stand at the end of the list, and nowhere with the switch off', () => {
  expect(cipherList(true).split(':').slice(-4)).toEqual(legacySuites)
  expect(legacySuites.filter(suite => cipherList(false).split(':').includes(suite))).toEqual([])
})

test('with legacy suites off, a client that has nothing else is refused, and the journal says why', async () => {
  const { port, entry } = await start({ settings: { legacyCiphers: false } })
  expect(await opensslClient(port, level0(legacySuites.join(':')))).toContain('Cipher is (NONE)')
  expect(await entry('tls-handshake-failed')).toMatchObject({
    transport: 'tls',
    address: '127.0.0.1',
    detail: { problem: expect.stringContaining('no shared cipher') },
  })
})

test('a device that does not trust the CA is told apart', async () => {
  const { port, entry, gateway } = await start()
  await opensslClient(port, ['-tls1_2'], false)
  expect((await entry('tls-handshake-failed')).detail?.problem).toContain("doesn't trust this CA")
  expect(gateway.stats().handshakes).toMatchObject({ done: 0, failed: 1, inFlight: 0 })
})

test('TLS 1.1 is refused, and the journal says why', async () => {
  const { port, entry } = await start()
  await opensslClient(port, ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'])
  expect((await entry('tls-handshake-failed')).detail?.problem).toContain('unsupported protocol')
})

test('a peer that hangs up inside the handshake is journaled', async () => {
  const { port, entry } = await start()
  const client = await tcpClient(port)
  client.socket.end(Buffer.from('1603010200', 'hex'))
  expect((await entry('tls-handshake-failed')).detail?.problem).toBe('peer hung up')
})

test('garbage inside the handshake ends it', async () => {
  const { port, entry } = await start()
  const client = await tcpClient(port)
  client.socket.write(Buffer.from(`160301${'ff'.repeat(60)}`, 'hex'))
  await client.closed()
  await entry('tls-handshake-failed')
})

test('a handshake that does not finish ends at the time-out', async () => {
  const { port, entry, gateway } = await start({ settings: { connectTimeoutMs: 100 } })
  const client = await tcpClient(port)
  client.socket.write(Buffer.from('16', 'hex'))
  await client.closed()
  await entry('tls-handshake-timeout')
  expect(gateway.stats().handshakes.inFlight).toBe(0)
})

test('a ClientHello that comes byte by byte is a ClientHello', async () => {
  const { port } = await start()
  const inner = await tcpClient(port)
  const { Duplex } = await import('node:stream')
  inner.socket.removeAllListeners('data')
  const slow = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      void (async () => {
        for (const byte of chunk) await new Promise(resolve => inner.socket.write(Buffer.from([byte]), resolve))
        done()
      })()
    },
  })
  inner.socket.on('data', chunk => slow.push(chunk))
  const socket = connectTls({ socket: slow, ca: certificates().caPem ?? '', servername: 'localhost' })
  await once(socket, 'secureConnect')
  socket.write(connectBytes('slow'))
  expect((await once(socket, 'data'))[0]).toEqual(acceptedBytes)
  socket.destroy()
  inner.socket.destroy()
})

test('a client may not renegotiate', async () => {
  const { port } = await start()
  const client = await tlsClient(port, certificates(), { maxVersion: 'TLSv1.2' })
  const problem = await new Promise<Error | null>(resolve => {
    client.socket.on('error', resolve)
    ;(client.socket as TLSSocket).renegotiate({}, resolve)
  })
  expect(problem?.message).toMatch(/renegotiation/)
  client.socket.destroy()
})

test('a session can be resumed, also across a change of certificates', async () => {
  const { port, gateway } = await start()
  const first = await tlsClient(port, certificates(), { maxVersion: 'TLSv1.2' })
  const session = (first.socket as TLSSocket).getSession()
  first.socket.destroy()
  gateway.reloadCertificates(certificates())
  const second = await tlsClient(port, certificates(), {
    maxVersion: 'TLSv1.2',
    ...(session ? { session } : {}),
  })
  expect((second.socket as TLSSocket).isSessionReused()).toBe(true)
  second.socket.destroy()
})

test('new certificates serve the next handshake, and open connections go on', async () => {
  const { port, gateway } = await start()
  const before = await tlsClient(port, certificates())
  const other = await temporaryCertificates()
  gateway.reloadCertificates(other.certificates)
  const after = await tlsClient(port, other.certificates)
  expect((after.socket as TLSSocket).getPeerCertificate().fingerprint256).toBe(other.certificates.fingerprints.ec)
  expect((before.socket as TLSSocket).getPeerCertificate().fingerprint256).toBe(certificates().fingerprints.ec)
  before.socket.write(connectBytes('old'))
  expect(await before.read(4)).toEqual(acceptedBytes)
  for (const client of [before, after]) client.socket.destroy()
  await other.remove()
})

test('certificates that OpenSSL refuses leave the ones in use', async () => {
  const { port, gateway } = await start()
  const [pair] = certificates().pairs
  const broken = { ...certificates(), pairs: [{ ...pair!, key: 'no key' }] } // there are two
  expect(() => gateway.reloadCertificates(broken)).toThrow()
  const client = await tlsClient(port, certificates())
  client.socket.destroy()
})

test('handshakes beyond the waiting line are turned away, and those that can not begin yet wait', async () => {
  const { port, entry, gateway } = await start({ settings: { maxWaitingHandshakes: 4 } })
  const clients = await Promise.all(Array.from({ length: 200 }, () => tcpClient(port)))
  for (const client of clients) client.socket.write(Buffer.from('16', 'hex'))
  await entry('handshake-queue-full')
  await until(() => (gateway.stats().rejected['handshake-queue-full'] ?? 0) > 0, 'one turned away')
  expect(gateway.stats().handshakes.waiting).toBeLessThanOrEqual(4)
  for (const client of clients) client.socket.destroy()
  await until(() => gateway.stats().connections.arriving === 0, 'their end')
  expect(gateway.stats().handshakes).toMatchObject({ waiting: 0, inFlight: 0 })
})

test('a storm of new devices is served to the last', async () => {
  const { port, gateway, journal } = await start()
  const clients = await Promise.all(Array.from({ length: 150 }, () => tlsClient(port, certificates())))
  for (const client of clients) client.socket.write(connectBytes('register'))
  await Promise.all(clients.map(client => client.read(4)))
  expect(gateway.stats().handshakes).toMatchObject({ done: 150, failed: 0, waiting: 0, inFlight: 0 })
  expect(gateway.stats().tlsVersions).toEqual({ 'TLSv1.3': 150 })
  for (const client of clients) client.socket.destroy()
  await until(() => gateway.stats().connections.tls === 0, 'their end')
  expect(journal).toEqual([])
})
