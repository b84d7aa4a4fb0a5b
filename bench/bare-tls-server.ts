import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'
import { cipherList } from '../packages/server/src/gateway/tls-options.ts'

/** The peer of the registration benchmark: Node's TLS server with the same certificates and suites that accepts and closes. */
const [rsaCert = '', rsaKey = '', ecCert = '', ecKey = ''] = process.argv
  .slice(2)
  .map(file => readFileSync(file, 'utf8'))
const pairs = { cert: [rsaCert, ecCert], key: [rsaKey, ecKey] }
const suites = { ciphers: cipherList(true), honorCipherOrder: true }
const server = createServer({ ...pairs, ...suites, noDelay: true }, socket => {
  socket.on('error', () => socket.destroy())
  socket.resume()
  socket.end()
})
server.on('tlsClientError', () => {})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  process.stdout.write(`${JSON.stringify({ port: address.port })}\n`)
})
process.once('SIGTERM', () => process.exit(0))
