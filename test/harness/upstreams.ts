import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { serverProgram } from '../../scripts/prerequisites.ts'
import { BrokerProcess } from './broker-process.ts'
import { codeBlocks, readDocument } from './documents.ts'
import { freePort } from './free-port.ts'
import { eventually } from './hatchway.ts'
import { MqttConnection } from './mqtt-connection.ts'

export const UPSTREAM_USER = 'hatchway'
export const UPSTREAM_PASSWORD = 'relay-secret'

export const upstreamUrl = (...ports: readonly number[]): string =>
  `mqtt://${UPSTREAM_USER}:${UPSTREAM_PASSWORD}@${ports.map(port => `127.0.0.1:${port}`).join(',')}`

/** The configuration that docs/relay.md gives for a broker, with some of it replaced: each pattern must be there. */
function configOf(heading: string, replacements: readonly (readonly [RegExp, string])[]): string {
  let config = codeBlocks(readDocument('docs/relay.md')).find(block => block.heading === heading)?.content ?? ''
  for (const [pattern, replacement] of replacements) {
    if (!pattern.test(config)) throw new Error(`docs/relay.md, ${heading}: there is no ${pattern}`)
    config = config.replace(pattern, replacement)
  }
  return config
}

export interface MosquittoTls {
  certFile: string
  keyFile: string
}

/** mosquitto as docs/relay.md sets it up. */
export async function startMosquitto({ tls }: { tls?: MosquittoTls } = {}): Promise<BrokerProcess> {
  const port = await freePort()
  const command = [serverProgram('mosquitto', '-h') ?? 'mosquitto', '-c']
  const config = (folder: string): string => {
    const passwords = join(folder, 'passwords')
    spawnSync('mosquitto_passwd', ['-b', '-c', passwords, UPSTREAM_USER, UPSTREAM_PASSWORD])
    const files = tls === undefined ? '' : `\ncertfile ${tls.certFile}\nkeyfile ${tls.keyFile}`
    const own = 'user root\nlog_type error\nlog_type warning\n' // else it gives up the right to read its files
    return `${own}${configOf('mosquitto', [
      [/^listener 1883$/m, `listener ${port} 127.0.0.1${files}`],
      [/\/etc\/mosquitto\/hatchway\.passwd/, passwords],
    ])}`
  }
  const mosquitto = new BrokerProcess('mosquitto', port, { command, config })
  await mosquitto.start()
  return mosquitto
}

/** Three nodes of NATS as docs/relay.md sets them up; resolves when all of them take sessions. */
export async function startNatsCluster(): Promise<readonly BrokerProcess[]> {
  const names = ['nats-1', 'nats-2', 'nats-3']
  const ports = await Promise.all(names.map(async () => [await freePort(), await freePort()] as const))
  const routes = ports.map(([route]) => `"nats://127.0.0.1:${route}"`).join(', ')
  const command = [serverProgram('nats-server', '--version') ?? 'nats-server', '-c']
  const nodes = names.map((name, at) => {
    const [route = 0, port = 0] = ports[at] ?? []
    const config = (folder: string): string =>
      configOf('NATS', [
        [/nats-1$/m, name],
        [/listen: "0\.0\.0\.0:4222"/, 'listen: "127.0.0.1:-1"'],
        [/\/var\/lib\/nats/, folder],
        [/0\.0\.0\.0:6222/, `127.0.0.1:${route}`],
        [/routes: \[[^\]]*\]/, `routes: [${routes}]`],
        [/0\.0\.0\.0:1883/, `127.0.0.1:${port}`],
      ])
    return new BrokerProcess(name, port, { command, config })
  })
  await Promise.all(nodes.map(node => node.start()))
  await Promise.all(nodes.map(({ port }) => eventually(() => takesSessions(port))))
  return nodes
}

/** JetStream has a leader, so the cluster can keep a session. */
async function takesSessions(port: number): Promise<boolean> {
  const connection = await MqttConnection.open({ port, ca: '' }, 'tcp')
  try {
    const credentials = { userName: UPSTREAM_USER, password: Buffer.from(UPSTREAM_PASSWORD) }
    const { reasonCode } = await connection.connect({ clientId: `probe-${port}`, ...credentials })
    return reasonCode === 0
  } catch {
    return false // it hangs up while there is no leader
  } finally {
    connection.destroy()
    await connection.closed
  }
}
