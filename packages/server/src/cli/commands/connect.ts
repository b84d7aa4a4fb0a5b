import { connectDevice, hangUp } from '@hatchway/device'
import type { Command } from 'commander'
import type { IPublishPacket, MqttClient } from 'mqtt'
import { addCommand, choice, printJson, wholeNumber } from '../command.ts'
import { readCa, readSavedDevice } from '../device-files.ts'
import { aborted, CliError, type Io, usageError } from '../io.ts'
import { printable, safeJson } from '../printable.ts'

interface ConnectOptions {
  credentials: string
  url?: string
  ca?: string
  publish?: string
  message?: string
  subscribe?: readonly string[]
  qos: '0' | '1' | '2'
  keepAlive: number
  exit?: boolean
  json?: boolean
}

export function addConnect(program: Command, io: Io): void {
  addCommand(program, 'connect', {
    description: 'as a device: log in with saved credentials, publish, print what comes; Ctrl-C ends',
    examples: [
      'hatchway connect --credentials cred.json --subscribe /al123456789/device1/user/get',
      'hatchway connect --credentials cred.json --exit \\\n' +
        '      --publish /al123456789/device1/user/update --message \'{"t":21}\'',
    ],
  })
    .requiredOption('--credentials <file>', 'file that register --out made')
    .option('--url <url>', 'mqtts://, mqtt://, wss:// or ws:// address; without it the one in the file')
    .option('--ca <file>', "PEM file of the server's CA; without it the one in the file")
    .option('--publish <topic>', 'publish to this topic after the login')
    .option('--message <text>', 'what to publish')
    .option('--subscribe <filter>', 'subscribe to this filter; may be given again', again)
    .addOption(choice('--qos <level>', 'quality of service of both', ['0', '1', '2']).default('0'))
    .option('--keep-alive <seconds>', 'Keep Alive', wholeNumber(0, 65_535), 60)
    .option('--exit', 'hang up after publishing instead of staying')
    .action((options: ConnectOptions) => runConnect(options, io))
}

const again = (filter: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), filter]

async function runConnect(options: ConnectOptions, io: Io): Promise<void> {
  const { publish, message, subscribe = [], json } = options
  if (publish === undefined && message !== undefined) throw usageError('--message: needs --publish TOPIC as well.')
  if (publish !== undefined && message === undefined) throw usageError('--publish: needs --message TEXT as well.')
  const saved = await readSavedDevice(options.credentials, io)
  const url = options.url ?? saved.url
  if (url === undefined)
    throw usageError('--url: is missing, and the credentials file has none. Give mqtts://host:port.')
  const ca = await readCa(options.ca ?? saved.caFile, io)
  const stop = io.stopSignal()
  const qos = Number(options.qos) as 0 | 1 | 2 // one of the choices
  const { credentials } = saved
  const client = await connectDevice({
    ...{ url, ...ca, credentials, keepalive: options.keepAlive, signal: stop },
    onMessage: (topic, payload, packet) => io.stdout(messageLine({ topic, payload, packet, json })),
  })
  try {
    tell(io, json, { event: 'connected', url, deviceName: credentials.deviceName })
    watch(client, io, json)
    for (const filter of subscribe) await subscribed(client, filter, qos)
    if (publish !== undefined && message !== undefined) {
      await client.publishAsync(publish, message, { qos })
      tell(io, json, { event: 'published', topic: publish })
    }
    if (!options.exit) await aborted(stop)
  } finally {
    await hangUp(client)
  }
}

/** People get events on stderr, so that stdout holds messages only; machines get one stream. */
function tell(io: Io, json: boolean | undefined, event: { event: string } & Record<string, string>): void {
  const [, ...details] = Object.values(event)
  if (json) printJson(io, event)
  else io.stderr(`${event.event}: ${printable(details.join(' '))}\n`)
}

function watch(client: MqttClient, io: Io, json: boolean | undefined): void {
  client.on('offline', () => tell(io, json, { event: 'offline', detail: 'connection lost; trying again' }))
  client.on('connect', () => tell(io, json, { event: 'connected', detail: 'again' }))
  client.on('error', error => tell(io, json, { event: 'error', detail: error.message }))
}

async function subscribed(client: MqttClient, filter: string, qos: 0 | 1 | 2): Promise<void> {
  const refused = (cause?: unknown): CliError =>
    new CliError(
      `The server refused the subscription to ${printable(filter)}. A device may subscribe only below its own names, such as /{pk}/{dn}/user/#.`,
      { cause },
    )
  try {
    const granted = await client.subscribeAsync(filter, { qos })
    if (granted.some(grant => grant.qos >= 0x80)) throw refused()
  } catch (error) {
    throw error instanceof CliError ? error : refused(error)
  }
}

interface Received {
  topic: string
  payload: Buffer
  packet: IPublishPacket
  json: boolean | undefined
}

function messageLine({ topic, payload, packet, json }: Received): string {
  const text = utf8(payload)
  if (json) {
    const content = text === undefined ? { payload: payload.toString('base64'), encoding: 'base64' } : { payload: text }
    return `${safeJson({ event: 'message', topic, ...content, qos: packet.qos, retain: packet.retain })}\n`
  }
  const shown = text === undefined ? `${payload.length} bytes: ${payload.toString('hex')}` : printable(text)
  return `${printable(topic)}  ${shown}\n`
}

function utf8(payload: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(payload)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
