import { writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child, type ChildOptions, Program, until } from './child.ts'
import { SERVER_CORE } from './machine.ts'
import { type PeerName, pathOf } from './peer-programs.ts'

/** QoS 1 messages that a server has out to one client: Hatchway's bound, given to the peers as well. */
export const IN_FLIGHT = 100

export interface PeerOptions {
  /** For configuration and data; its own for each start. */
  folder: string
  /** Serve TLS with these PEM files instead of plain TCP. */
  tls?: { certFile: string; keyFile: string } | undefined
  /** For peers that run on Node. */
  child?: ChildOptions
}

export interface RunningPeer {
  name: PeerName
  port: number
  program: Program
}

/**
 * Starts a peer on one core: no authentication, no rights, nothing written to disk where that can be turned off (NATS
 * keeps QoS 1 in a JetStream store, which is a folder).
 */
export async function startPeer(name: PeerName, options: PeerOptions): Promise<RunningPeer> {
  const port = await freePort()
  const program = launch(name, port, options)
  try {
    await until(() => program.hasEnded || canConnect(port), `an answer of ${name}`)
    if (program.hasEnded) throw new Error(`${name} did not start`)
    return { name, port, program }
  } catch (error) {
    await program.stop()
    throw error
  }
}

function launch(name: PeerName, port: number, { folder, tls, child = {} }: PeerOptions): Program {
  if (name === 'aedes') {
    const files = tls === undefined ? [] : [tls.certFile, tls.keyFile]
    return new Child(
      SERVER_CORE,
      fileURLToPath(new URL('aedes-server.ts', import.meta.url)),
      [`${port}`, ...files],
      child,
    )
  }
  const file = join(folder, `${name}-${port}.conf`)
  writeFileSync(file, name === 'mosquitto' ? mosquittoConfig(port, folder, tls) : natsConfig(port, folder, tls))
  return new Program(SERVER_CORE, [pathOf(name), '-c', file])
}

function mosquittoConfig(port: number, folder: string, tls: PeerOptions['tls']): string {
  return [
    'user root', // else it gives up the right to read the files; without effect for other users
    `listener ${port} 127.0.0.1`,
    ...(tls === undefined ? [] : [`certfile ${tls.certFile}`, `keyfile ${tls.keyFile}`]),
    'allow_anonymous true',
    'persistence false',
    'set_tcp_nodelay true',
    `max_inflight_messages ${IN_FLIGHT}`,
    'max_queued_messages 0', // no bound: the load bounds itself, and a dropped message would end the run
    'log_type error',
    `log_dest file ${join(folder, `mosquitto-${port}.log`)}`,
    '',
  ].join('\n')
}

function natsConfig(port: number, folder: string, tls: PeerOptions['tls']): string {
  const tlsBlock = tls === undefined ? '' : `tls { cert_file: "${tls.certFile}", key_file: "${tls.keyFile}" }`
  return `
host: "127.0.0.1"
port: -1
server_name: bench
log_file: "${join(folder, `nats-${port}.log`)}"
jetstream { store_dir: "${join(folder, `nats-${port}`)}" }
mqtt { host: "127.0.0.1", port: ${port}, max_ack_pending: ${IN_FLIGHT}, ${tlsBlock} }
`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

function canConnect(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
