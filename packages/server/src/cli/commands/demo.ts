import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { hangUp } from '@hatchway/device'
import type { Command } from 'commander'
import { ApiClient } from '../api-client.ts'
import { addCommand, printJson } from '../command.ts'
import type { Stage } from '../demo/stage.ts'
import { type Cast, tellStory } from '../demo/story.ts'
import { createTeller, type Teller } from '../demo/teller.ts'
import { tryItText } from '../demo/try-it.ts'
import { aborted, type Io, type Server } from '../io.ts'
import { printable } from '../printable.ts'
import { readConfig, startApp, stopWithin } from './serve.ts'

const HOST = '127.0.0.1'
const PREFERRED_MQTT_PORT = 1883
const PREFERRED_HTTP_PORT = 8080
const STOP_LIMIT_MS = 9000

interface DemoOptions {
  exit?: boolean
  json?: boolean
}

export function addDemo(program: Command, io: Io): void {
  addCommand(program, 'demo', {
    description: 'start a throw-away server and show real devices registering, logging in and talking',
    examples: ['hatchway demo', 'hatchway demo --exit --json'],
  })
    .option('--exit', 'end after the story instead of staying up')
    .action((options: DemoOptions) => runDemo(options, io))
}

async function runDemo(options: DemoOptions, io: Io): Promise<void> {
  const stop = io.stopSignal()
  const folder = await mkdtemp(join(tmpdir(), 'hatchway-demo-'))
  try {
    const { server, dataDir } = await startDemoServer(folder, io)
    try {
      await playDemo(server, dataDir, { options, io, stop })
    } finally {
      await stopWithin(server, STOP_LIMIT_MS)
    }
  } catch (error) {
    // Ctrl-C in the middle of the story is an end, not a failure.
    if (!stop.aborted) throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function startDemoServer(folder: string, io: Io): Promise<{ server: Server; dataDir: string }> {
  const usual = { mqttPort: await freePort(PREFERRED_MQTT_PORT), httpPort: await freePort(PREFERRED_HTTP_PORT) }
  try {
    return await startOn(usual, join(folder, 'data'), io)
  } catch (error) {
    if (usual.mqttPort === 0 && usual.httpPort === 0) throw error
    // Somebody may have taken a usual port between the look and the start.
    return await startOn({ mqttPort: 0, httpPort: 0 }, join(folder, 'data-2'), io)
  }
}

async function startOn(ports: { mqttPort: number; httpPort: number }, dataDir: string, io: Io) {
  const app = await io.loadApp()
  // Neither the environment nor a config file of the user: the demo is the same everywhere.
  const flags = { ...ports, dataDir, mqttHost: HOST, httpHost: HOST, logLevel: 'warn' }
  const server = await startApp(app, readConfig(app, flags, { env: {}, cwd: dirname(dataDir) }))
  return { server, dataDir }
}

/** The usual port if nobody listens there, else 0: one that the system chooses. */
function freePort(preferred: number): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve(0))
    probe.listen(preferred, HOST, () => probe.close(() => resolve(preferred)))
  })
}

interface Play {
  options: DemoOptions
  io: Io
  stop: AbortSignal
}

async function playDemo(server: Server, dataDir: string, { options, io, stop }: Play): Promise<void> {
  const json = options.json === true
  const teller = createTeller(io, json)
  const [listener] = server.mqtt
  if (listener === undefined) throw new Error('the server listens on no MQTT port')
  const stage: Stage = {
    ...{ teller, signal: stop, connections: [] },
    api: new ApiClient({ server: server.http, token: server.adminToken ?? undefined, tokenHint: '', fetch: io.fetch }),
    tlsUrl: `mqtts://${HOST}:${listener.port}`,
    tcpUrl: `mqtt://${HOST}:${listener.port}`,
    ca: await readFile(server.caFile, 'utf8'),
  }
  try {
    tellStart(teller, server, stage)
    const cast = await tellStory(stage)
    if (json) printJson(io, { event: 'done', ok: true })
    else io.stdout('\nAll of it went through this server, on this machine, just now.\n')
    if (options.exit) return
    const { http, caFile: ca, setupLink: setup } = server
    if (json) printJson(io, { event: 'ready', mqtt: [stage.tlsUrl], http, ca, dataDir, setup })
    else io.stdout(tryItText({ server, stage, cast, dataDir }))
    showTraffic(cast, io, json)
    await aborted(stop)
  } finally {
    await Promise.all(stage.connections.map(hangUp))
  }
}

function tellStart(teller: Teller, server: Server, { tlsUrl }: Stage): void {
  const { port } = new URL(tlsUrl)
  const isUsual = Number(port) === PREFERRED_MQTT_PORT
  teller.say('Hatchway demo: a real server and real devices; nothing is staged, nothing stays.\n')
  teller.tell({
    step: 'server',
    title: 'The server is up, on a temporary folder',
    lines: [
      { name: 'MQTT', value: `${tlsUrl} (TLS, plain TCP, ws and wss on this one port)` },
      { name: 'HTTP', value: server.http },
      { name: 'CA', value: `${server.caFile} (made on this first start)` },
      ...(isUsual ? [] : [{ name: 'note', value: `port ${PREFERRED_MQTT_PORT} is in use, so it took a free one` }]),
    ],
    facts: { mqtt: [tlsUrl], http: server.http, ca: server.caFile },
  })
}

/** What reader and devices send from now on. */
function showTraffic({ application, sensor }: Cast, io: Io, json: boolean): void {
  for (const [who, connection] of [
    ['application', application.connection],
    [sensor.deviceName, sensor.connection],
  ] as const) {
    connection.on('message', (topic: string, payload: Buffer) => {
      if (json) printJson(io, { event: 'message', receiver: who, topic, payload: payload.toString() })
      else io.stdout(`${who} received ${printable(topic)} ${printable(payload.toString())}\n`)
    })
  }
}
