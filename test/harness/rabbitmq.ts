import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leashed } from '../../scripts/leashed.ts'
import { RABBITMQ_SERVER } from '../../scripts/prerequisites.ts'
import { codeBlocks, readDocument } from './documents.ts'
import { freePort } from './free-port.ts'
import { eventually } from './hatchway.ts'

const START_TIMEOUT_MS = 50_000
const BESIDE_PAGE = 'docs/beside-a-broker.md'
const RELAY_PAGE = 'docs/relay.md'

interface Settings {
  /** rabbitmq.conf */
  main: string
  /** advanced.config */
  advanced: string
  plugins: readonly string[]
}

/** RabbitMQ as a page of docs/ sets it up, on other ports, with a data folder and a port mapper of its own. */
export class RabbitMq {
  readonly mqttPort: number
  readonly #processes: readonly ChildProcess[]
  readonly #folder: string

  private constructor(processes: readonly ChildProcess[], folder: string, mqttPort: number) {
    this.#processes = processes
    this.#folder = folder
    this.mqttPort = mqttPort
  }

  /** As docs/beside-a-broker.md has it. `http` is the base URL of the API that it asks. */
  static start(http: string): Promise<RabbitMq> {
    const main = settingsIn(BESIDE_PAGE, 'ini').replaceAll('http://127.0.0.1:8080', http)
    if (main.includes(':8080')) throw new Error(`${BESIDE_PAGE}: no such settings`)
    const advanced = settingsIn(BESIDE_PAGE, 'erlang')
    return RabbitMq.#run({ main, advanced, plugins: ['rabbitmq_mqtt', 'rabbitmq_auth_backend_http'] })
  }

  /** As docs/relay.md has it. */
  static startForRelay(): Promise<RabbitMq> {
    return RabbitMq.#run({ main: settingsIn(RELAY_PAGE, 'ini'), advanced: '[].\n', plugins: ['rabbitmq_mqtt'] })
  }

  /** Resolves when it takes connections. */
  static async #run(settings: Settings): Promise<RabbitMq> {
    const folder = mkdtempSync(join(tmpdir(), 'hatchway-rabbitmq-'))
    const [mqttPort, mapperPort, nodePort] = await Promise.all([freePort(), freePort(), freePort()])
    writeSettings(folder, settings, mqttPort)
    // Both would find those of the system, if there are any.
    const env = { ...process.env, HOME: folder, ERL_EPMD_PORT: String(mapperPort), ERL_EPMD_ADDRESS: '127.0.0.1' }
    const mapper = spawn(...leashed('epmd'), { stdio: 'ignore', env })
    const server = spawn(...leashed(RABBITMQ_SERVER, [], 'TERM'), {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: folder,
      env: { ...env, ...nodeSettings(folder, nodePort) },
    })
    let output = ''
    for (const stream of [server.stdout, server.stderr]) stream.on('data', chunk => (output += chunk))
    const rabbitmq = new RabbitMq([server, mapper], folder, mqttPort)
    try {
      await eventually(async () => {
        if (server.exitCode !== null) throw new Error(`RabbitMQ ended: ${output.slice(-4000)}`)
        return output.includes('Server startup complete')
      }, START_TIMEOUT_MS)
      return rabbitmq
    } catch (error) {
      await rabbitmq.close()
      throw error
    }
  }

  async close(): Promise<void> {
    for (const process of this.#processes) {
      if (process.exitCode !== null || process.signalCode !== null) continue
      const gone = once(process, 'exit')
      process.kill('SIGTERM')
      await gone
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function settingsIn(page: string, language: string): string {
  const blocks = codeBlocks(readDocument(page)).filter(({ heading }) => heading === 'RabbitMQ')
  return blocks.find(block => block.language === language)?.content ?? ''
}

function writeSettings(folder: string, { main, advanced, plugins }: Settings, mqttPort: number): void {
  const listener = /^mqtt\.listeners\.tcp\.default = \d+$/m
  if (!listener.test(main)) throw new Error('the page has no MQTT listener for RabbitMQ')
  const replaced = main.replace(listener, `mqtt.listeners.tcp.default = 127.0.0.1:${mqttPort}`)
  const own = ['listeners.tcp = none', 'log.console = true', 'log.file = false', '']
  writeFileSync(join(folder, 'rabbitmq.conf'), `${own.join('\n')}${replaced}`)
  writeFileSync(join(folder, 'advanced.config'), advanced)
  writeFileSync(join(folder, 'enabled_plugins'), `[${plugins.join(',')}].\n`)
  mkdirSync(join(folder, 'data'))
}

const nodeSettings = (folder: string, nodePort: number): NodeJS.ProcessEnv => ({
  RABBITMQ_NODENAME: `hatchway-test-${nodePort}@localhost`,
  RABBITMQ_MNESIA_BASE: join(folder, 'data'),
  RABBITMQ_LOG_BASE: folder,
  RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
  RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
  RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
  RABBITMQ_PID_FILE: join(folder, 'pid'),
  RABBITMQ_DIST_PORT: String(nodePort),
  RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}',
})
