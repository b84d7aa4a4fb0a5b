import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'

/** The peer of the registration benchmark: Node's TLS server with the same certificates that accepts and closes. */
const [rsaCert = '', rsaKey = '', ecCert = '', ecKey = ''] = process.argv
  .slice(2)
  .map(file => readFileSync(file, 'utf8'))
const server = createServer({ cert: [rsaCert, ecCert], key: [rsaKey, ecKey], noDelay: true }, socket => {
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
