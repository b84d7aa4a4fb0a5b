import 'reflect-metadata'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTcpServer, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'
import { generate, type IConnectPacket, type Packet, parser } from 'mqtt-packet'

/** What the fake platform does with each CONNECT; the first entry serves the first connection, the last one all others. */
export type Answer =
  | { kind: 'push'; topic: string; payload: string }
  | { kind: 'accept' }
  | { kind: 'refuse'; code: number }
  | { kind: 'close' }
  | { kind: 'silence' }

export interface FakePlatform {
  url: string
  ca: string
  connects: IConnectPacket[]
  /** Every packet of the devices, in order. */
  received: Packet[]
  openConnections(): number
  dropAll(): void
  close(): Promise<void>
}

/** A self-signed certificate for 127.0.0.1 that serves as its own CA. */
export async function makeCertificate(): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=fake platform',
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [
      new BasicConstraintsExtension(true),
      new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
    ],
  })
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return { cert: certificate.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n` }
}

/** Answers CONNECTs as it is told; the CONNACK and the push leave in one write, as a platform sends them. */
export async function startFakePlatform({
  answers,
  tls,
}: {
  answers: readonly Answer[]
  tls?: { cert: string; key: string }
}): Promise<FakePlatform> {
  const connects: IConnectPacket[] = []
  const received: Packet[] = []
  const sockets = new Set<Socket>()
  const onConnection = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // A device that hangs up hard is part of what is tested.
    socket.on('error', () => socket.destroy())
    let protocolVersion = 4
    const parse = parser()
    parse.on('packet', packet => {
      received.push(packet)
      if (packet.cmd === 'connect') {
        protocolVersion = packet.protocolVersion ?? 4
        const answer = answers[Math.min(connects.length, answers.length - 1)]
        connects.push(packet)
        if (answer !== undefined) reply(socket, answer, protocolVersion)
      } else if (packet.cmd === 'disconnect') socket.end()
    })
    parse.on('error', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    socket.on('data', (chunk: Buffer) => parse.parse(chunk))
  }
  const server: Server = tls === undefined ? createTcpServer(onConnection) : createTlsServer(tls, onConnection)
  // Handshakes that the client breaks off are part of what is tested.
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'mqtt' : 'mqtts'}://127.0.0.1:${port}`,
    ca: tls?.cert ?? '',
    connects,
    received,
    openConnections: () => sockets.size,
    dropAll: () => {
      for (const socket of sockets) socket.destroy()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function reply(socket: Socket, answer: Answer, protocolVersion: number): void {
  const version = { protocolVersion }
  const connack = (code: number): Buffer =>
    generate({ cmd: 'connack', sessionPresent: false, returnCode: code, reasonCode: code }, version)
  switch (answer.kind) {
    case 'push': {
      const { topic, payload } = answer
      const publish = { cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false } as const
      socket.write(Buffer.concat([connack(0), generate(publish, version)]))
      break
    }
    case 'accept':
      socket.write(connack(0))
      break
    case 'refuse':
      socket.end(connack(answer.code))
      break
    case 'close':
      socket.end()
      break
    case 'silence':
      break
    default:
      answer satisfies never
  }
}
