import { readFileSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'

/**
 * The measuring side of the storm benchmark: a device and an application, both over TLS, that send messages back and forth
 * through the broker at a steady pace. Arguments: JSON of `Echo`. Prints `{"ready":true}`; then for each line `{"from":…,"to":…}`
 * (milliseconds since 1970) on stdin one JSON line `EchoReport` of the round trips that began between them.
 */
export interface Echo {
  port: number
  caFile: string
  productKey: string
  deviceName: string
  device: Login
  application: Login
  qos: 0 | 1
  perSecond: number
}
interface Login {
  clientId: string
  userName: string
  password: string
}
export interface EchoWindow {
  from: number
  to: number
}
export interface EchoReport {
  latenciesMs: readonly number[]
  /** Of this process, the largest in the window: what of the latencies is not the server's. */
  ownLagMs: number
}

const SETTLE_MS = 1000
const KEPT_MS = 120_000

const echo = JSON.parse(process.argv[2] ?? '{}') as Echo
try {
  // Beside the generator of the storm on one core: that must not hold the measuring up.
  setPriority(Math.max(constants.priority.PRIORITY_HIGHEST, getPriority() + constants.priority.PRIORITY_HIGH))
} catch {
  // Only root may. Then the own lag, which is reported, tells what it did.
}
const ca = readFileSync(echo.caFile)
const { qos } = echo
const up = `/${echo.productKey}/${echo.deviceName}/user/up`
const down = `/${echo.productKey}/${echo.deviceName}/user/get`

async function open({ clientId, userName: username, password }: Login): Promise<MqttClient> {
  const options: IClientOptions = { clientId, username, password, ca, servername: 'localhost', reconnectPeriod: 0 }
  const client = await connectAsync({ ...options, host: '127.0.0.1', port: echo.port, protocol: 'mqtts' })
  // An acknowledgement and a message go out as two small writes: without it the second waits for the first one's ACK.
  const { stream } = client
  if ('setNoDelay' in stream && typeof stream.setNoDelay === 'function') stream.setNoDelay(true)
  return client
}

const now = (): number => performance.timeOrigin + performance.now()
const trips: { sentAt: number; latencyMs: number }[] = []
const lags: { at: number; lagMs: number }[] = []

const [device, application] = await Promise.all([open(echo.device), open(echo.application)])
application.on('message', (_topic, payload) => application.publish(down, payload, { qos }))
device.on('message', (_topic, payload) => {
  const sentAt = payload.readDoubleBE()
  trips.push({ sentAt, latencyMs: now() - sentAt })
})
await Promise.all([application.subscribeAsync(up, { qos }), device.subscribeAsync(down, { qos })])

let sent = 0
const startedAt = now()
const intervalMs = 1000 / echo.perSecond
function sendDue(): void {
  const dueAt = startedAt + sent * intervalMs
  const at = now()
  lags.push({ at, lagMs: Math.max(0, at - dueAt - 1) }) // the runtime's timers are up to one millisecond late by themselves
  const payload = Buffer.alloc(100)
  payload.writeDoubleBE(at)
  device.publish(up, payload, { qos })
  sent += 1
  forget(trips, at)
  setTimeout(sendDue, Math.max(0, startedAt + sent * intervalMs - now()))
}
function forget(kept: { sentAt: number }[], at: number): void {
  if (kept.length > 1000 && (kept[0]?.sentAt ?? at) < at - KEPT_MS) kept.splice(0, 500)
}
sendDue()
process.stdout.write('{"ready":true}\n')

for await (const line of createInterface({ input: process.stdin })) {
  const { from, to } = JSON.parse(line) as EchoWindow
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS)) // the last ones come home
  const isWithin = (at: number): boolean => at >= from && at < to
  const report: EchoReport = {
    latenciesMs: trips.filter(({ sentAt }) => isWithin(sentAt)).map(({ latencyMs }) => latencyMs),
    ownLagMs: lags.reduce((worst, { at, lagMs }) => (isWithin(at) ? Math.max(worst, lagMs) : worst), 0),
  }
  process.stdout.write(`${JSON.stringify(report)}\n`)
}
process.exit()
