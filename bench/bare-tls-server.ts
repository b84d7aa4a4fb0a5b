import { readFileSync } from 'node:fs'
import { createServer, type TLSSocket } from 'node:tls'

/**
 * The peers of the registration benchmark: Node's own TLS server with the same P-256 certificate. `closes`: it accepts and
 * closes. `answers`: it reads a packet, answers as many bytes as a registration does, and closes when the client does.
 * Arguments: which of the two, certificate, key.
 */
const [does = '', certFile = '', keyFile = ''] = process.argv.slice(2)
const ANSWER = Buffer.alloc(120, 0x20).fill(0, 2, 4)
const closes = (socket: TLSSocket): void => {
  socket.resume()
  socket.end()
}
const answers = (socket: TLSSocket): void => {
  socket.once('data', () => {
    socket.write(ANSWER)
    socket.resume()
  })
}
const serve = does === 'answers' ? answers : closes
const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile), noDelay: true }, socket => {
  socket.on('error', () => socket.destroy())
  serve(socket)
})
server.on('tlsClientError', () => {})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  process.stdout.write(`${JSON.stringify({ port: address.port })}\n`)
})
process.once('SIGTERM', () => process.exit(0))
