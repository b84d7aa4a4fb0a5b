import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'

/** The peer of the registration benchmark: Node's own TLS server with the same P-256 certificate, that accepts and closes. */
const [cert = '', key = ''] = process.argv.slice(2).map(file => readFileSync(file, 'utf8'))
const server = createServer({ cert, key, noDelay: true }, socket => {
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
