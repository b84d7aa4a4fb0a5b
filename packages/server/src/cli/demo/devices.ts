import { connectAs, connectDevice, LoginRefused, register } from '@hatchway/device'
import { registrationConnect, sign } from '@hatchway/protocol'
import type { JournalEntry } from '../api-types.ts'
import { CliError } from '../io.ts'
import type { Page } from '../paging.ts'
import { type DemoProduct, eventually, type OnlineDevice, type Stage } from './stage.ts'
import type { Line } from './teller.ts'
import { recordWire } from './wire.ts'

export interface Registration {
  deviceName: string
  mode: 'register' | 'regnwl'
  title: string
}

export async function registerDevice(stage: Stage, product: DemoProduct, { deviceName, mode, title }: Registration) {
  const { onPacket, lines } = recordWire('HMAC-SHA256 with the ProductSecret')
  const { tlsUrl: url, ca, signal } = stage
  const { productKey, productSecret } = product
  const credentials = await register({ url, ca, signal, onPacket, productKey, productSecret, deviceName, mode })
  const entry = await journalEntry(stage, { productKey, deviceName, outcome: 'registered' })
  const over = `${entry.tlsVersion ?? entry.transport}, MQTT ${entry.mqttVersion}`
  const hungUp = { name: '', value: `No SUBSCRIBE; the device hangs up and keeps what it got. (${over})` }
  stage.teller.tell({ step: mode, title, lines: [...lines, hungUp], facts: { deviceName } })
  return credentials
}

export interface Login {
  title: string
  step: string
  overTls: boolean
}

export async function logIn(
  stage: Stage,
  credentials: OnlineDevice['credentials'],
  { title, step, overTls }: Login,
): Promise<OnlineDevice> {
  const isToken = credentials.mode === 'regnwl'
  const { onPacket, lines } = recordWire(isToken ? 'the DeviceToken itself' : 'HMAC-SHA256 with the DeviceSecret')
  const { tlsUrl, tcpUrl, ca, signal } = stage
  const url = overTls ? tlsUrl : tcpUrl
  const connection = await connectDevice({ url, ca, signal, credentials, onPacket })
  stage.connections.push(connection)
  const shown = [...lines]
  const { productKey, deviceName } = credentials
  const status = await eventually(async () => {
    const device = await stage.api.get<{ status: string }>(`/api/v1/products/${productKey}/devices/${deviceName}`)
    return device.status === 'ONLINE' ? device.status : undefined
  })
  if (status === undefined) throw new CliError(`${deviceName} is logged in, but the API does not show it as ONLINE.`)
  shown.push({ mark: 'ok', name: 'status', value: status })
  stage.teller.tell({ step, title, lines: shown, facts: { deviceName, url } })
  return { deviceName, credentials, connection }
}

/** A firmware bug on purpose: productKey is signed before deviceName. */
export async function showRefusal(stage: Stage, { productKey, productSecret }: DemoProduct, deviceName: string) {
  const random = 'demo'
  const right = registrationConnect({ productKey, productSecret, deviceName, random, mode: 'register' })
  const wrongText = `productKey${productKey}deviceName${deviceName}random${random}`
  const { onPacket, lines } = recordWire('HMAC-SHA256 of a text in the wrong order')
  try {
    await connectAs({
      ...{ url: stage.tlsUrl, ca: stage.ca, signal: stage.signal, reconnectPeriod: 0, onPacket },
      ...{ ...right, password: sign('hmacsha256', productSecret, wrongText) },
    })
  } catch (error) {
    if (!(error instanceof LoginRefused)) throw error
    const entry = await journalEntry(stage, { productKey, deviceName, outcome: 'refused' })
    const title = `${deviceName} has a bug in its firmware: it signs in the wrong order`
    const facts = { deviceName, code: error.code, reason: entry.reason }
    return stage.teller.tell({ step: 'refused', title, lines: [...lines, ...refusalLines(entry)], facts })
  }
  throw new CliError('a registration with a wrong signature was accepted.')
}

function refusalLines({ reason, sentence, signedText, mistakes }: JournalEntry): Line[] {
  const lines: Line[] = [
    { name: '', value: 'That is all the device learns. The journal tells the operator:' },
    { mark: 'no', name: 'reason', value: `${reason}: ${sentence.en}` },
  ]
  if (signedText !== null) lines.push({ name: 'expected', value: signedText })
  for (const mistake of mistakes) {
    lines.push({ name: 'likely', value: mistake.sentence.en }, { name: 'fix', value: mistake.fix.en })
  }
  return lines
}

/** The journal is written in batches, shortly after the answer. */
async function journalEntry(
  { api }: Stage,
  query: { productKey: string; deviceName: string; outcome: string },
): Promise<JournalEntry> {
  const entry = await eventually(async () => {
    const { items } = await api.get<Page<JournalEntry>>('/api/v1/journal', { ...query, limit: 1 })
    return items[0]
  })
  if (entry !== undefined) return entry
  throw new CliError(`the journal has no entry "${query.outcome}" of ${query.deviceName}.`)
}
