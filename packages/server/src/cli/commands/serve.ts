import type { Command } from 'commander'
import type { Config } from '../../app/options.ts'
import { configOptions } from '../../app/options.ts'
import { version } from '../../app/version.ts'
import { addCommand, printJson } from '../command.ts'
import { type App, aborted, CliError, type Io, type Server } from '../io.ts'
import { facts } from '../table.ts'

/** Beyond the server's own limit on draining. */
const STOP_MARGIN_MS = 1000

export function addServe(program: Command, io: Io): void {
  const command = addCommand(program, 'serve', {
    description: 'run the server: MQTT for devices and applications, and the HTTP API',
    examples: [
      'hatchway serve',
      'hatchway serve --mqtt-port 1883,8883 --public-host iot.example.com \\\n      --data-dir /var/lib/hatchway',
    ],
  })
  command.option('--config <file>', 'config file (env HATCHWAY_CONFIG; default hatchway.config.json if it exists)')
  for (const { flag, env, description, default: preset } of configOptions) {
    command.option(`${flag} <value>`, `${description} (env ${env}${presetText(preset)})`)
  }
  command.action(({ json, ...flags }: Record<string, unknown>) => runServe(flags, { json: json === true, io }))
}

function presetText(preset: unknown): string {
  return preset === null ? '' : `; default ${Array.isArray(preset) ? preset.join(',') : String(preset)}`
}

async function runServe(flags: Record<string, unknown>, { json, io }: { json: boolean; io: Io }): Promise<void> {
  const app = await io.loadApp()
  const config = readConfig(app, flags, io)
  const stop = io.stopSignal()
  const started = await startApp(app, config)
  const server = io.isJournaled ? withoutSecrets(started) : started
  if (json) printJson(io, readyDocument(server))
  else io.stdout(readyText(server))
  if (server !== started) io.stderr(`${SECRETS_ELSEWHERE}\n`)
  for (const warning of server.warnings) io.stderr(`hatchway: ${warning}\n`)
  if (json && server.adminToken !== null) io.stderr(`${adminTokenText(server.adminToken)}\n`)
  await aborted(stop)
  if (!json) io.stderr('Stopping.\n')
  await stopWithin(server, config.drainDelayMs + config.drainTimeoutMs + STOP_MARGIN_MS)
}

/** A setting that can't be used is a wrong use, wherever it stands. */
export function readConfig(app: App, flags: Record<string, unknown>, io: Pick<Io, 'env' | 'cwd'>): Config {
  try {
    return app.loadConfig({ flags, env: io.env, cwd: io.cwd })
  } catch (error) {
    if (error instanceof app.ConfigError) throw new CliError(error.message, { exitCode: 2, cause: error })
    throw error
  }
}

/** Rejects with a CliError that says in one sentence why the server can't start. */
export async function startApp(app: App, config: Config): Promise<Server> {
  try {
    return await app.startServer(config, { log: app.createLog(config.logLevel) })
  } catch (error) {
    throw new CliError(`can't start: ${startProblem(error)}`, { cause: error })
  }
}

function startProblem(error: unknown): string {
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') {
    return `port ${port} is in use. Stop what uses it, or choose another by --mqtt-port or --http-port.`
  }
  if (code === 'EACCES' && port !== undefined) {
    return `this user may not listen on port ${port}. Choose one above 1023, or grant the right to low ports.`
  }
  return message ?? String(error)
}

function readyDocument({ mqtt, http, caFile, setupLink }: Server): object {
  const endpoints = { event: 'ready', mqtt: mqtt.map(({ url }) => url), http, ca: caFile }
  return setupLink === null ? endpoints : { ...endpoints, setup: setupLink }
}

function readyText({ mqtt, http, caFile, adminToken, setupLink }: Server): string {
  const lines = facts([
    ...mqtt.map(({ url }) => ['MQTT', `${url} (mqtts, ws and wss on the same port)`] as const),
    ['HTTP', `${http} (web console and API)`],
    ['CA', caFile],
  ])
  const token = adminToken === null ? '' : `${adminTokenText(adminToken)}\n`
  const setup = setupLink === null ? '' : `\n${setupText(setupLink)}\n`
  return `Hatchway ${version} is ready. Ctrl-C stops it.\n${lines}${token}${setup}`
}

const withoutSecrets = (server: Server): Server => ({ ...server, adminToken: null, setupLink: null })

const SECRETS_ELSEWHERE =
  "This output is kept in the system's journal, so it shows no secret. The admin API key that a first start makes is in the data folder (admin-token); hatchway user setup-link prints the link that sets the web console's first password."

/** The last thing that a first start says, since it is the next thing to do. */
export const setupText = (setupLink: string): string =>
  `Next: open this link in a browser to set the web console's first password. It works once, for 24 hours.\n  ${setupLink}`

const adminTokenText = (adminToken: string): string =>
  `Admin API key, shown this once and kept in the data folder (admin-token):\n  ${adminToken}`

/** Draining is bounded; a server that hangs in it all the same must not keep the process. */
export async function stopWithin(server: Pick<Server, 'stop'>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>(resolve => {
    timer = setTimeout(() => resolve('late'), limitMs)
  })
  const outcome = await Promise.race([server.stop(), late])
  clearTimeout(timer)
  if (outcome === 'late') throw new CliError(`the server did not stop within ${limitMs} ms and was cut off.`)
}
