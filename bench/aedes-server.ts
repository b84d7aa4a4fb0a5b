import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes } from 'aedes'

/** The peer aedes, as its documentation starts it. Arguments: port, and for TLS the files of certificate and key. */
const [port = '0', certFile, keyFile] = process.argv.slice(2)
const aedes = await Aedes.createBroker()
const handle = (socket: Socket): void => void aedes.handle(socket)
const server: Server =
  certFile === undefined || keyFile === undefined
    ? createServer({ noDelay: true }, handle)
    : createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile), noDelay: true }, handle)
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 511 }, () => process.stdout.write('{"ready":true}\n'))
process.once('SIGTERM', () => process.exit(0))
