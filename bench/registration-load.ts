import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, createSecureContext } from 'node:tls'
import { registrationConnect } from '@hatchway/protocol'
import mqttPacket from 'mqtt-packet'

/**
 * The load of the registration benchmark: `count` devices, each a full TLS handshake and one CONNECT; `parallel` at a time, or
 * at a steady rate whatever becomes of those before.
 * Arguments: JSON of `Load`. Prints one JSON line `Report`.
 */
export interface Load {
  port: number
  count: number
  parallel: number
  /** Devices that begin each second; 0: as many as there is room for in `parallel`. */
  perSecond?: number
  tlsVersion: 'TLSv1.2' | 'TLSv1.3'
  /** false: the bare peer, which closes without an answer. */
  answers: boolean
  mode: 'register' | 'regnwl'
  productKey: string
  productSecret: string
  firstDevice: number
}
export interface Report {
  done: number
  failed: number
  seconds: number
  /** Of the generator itself, to show that it was not the bottleneck. */
  cpuSeconds: number
  /** From a device's first packet to its answer, of each. */
  waitsMs: readonly number[]
}

const load = JSON.parse(process.argv[2] ?? '{}') as Load
// The generator must be cheaper than the server: one context for all, the key exchange of small devices, and it does not
// ask who signed the server's certificate.
const secureContext = createSecureContext({
  ca: [],
  minVersion: load.tlsVersion,
  maxVersion: load.tlsVersion,
  ecdhCurve: 'prime256v1',
})

function device(index: number): Promise<boolean> {
  const { clientId, userName, password } = registrationConnect({
    mode: load.mode,
    productKey: load.productKey,
    productSecret: load.productSecret,
    deviceName: `bench${index}`,
    random: randomBytes(4).toString('hex'),
    signMethod: 'hmacsha256',
  })
  const connectPacket = mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: 60,
    clientId,
    username: userName,
    password: Buffer.from(password),
  })
  return new Promise(resolve => {
    let answered = false
    const server = { port: load.port, host: '127.0.0.1', servername: 'localhost' }
    const socket = connect({ ...server, secureContext, rejectUnauthorized: false })
    socket.setNoDelay(true)
    socket.once('secureConnect', () => socket.write(connectPacket))
    socket.on('data', chunk => {
      // CONNACK 0, then the push, in one write.
      answered = chunk.length > 4 && chunk[0] === 0x20 && chunk[3] === 0
      socket.end(Buffer.from([0xe0, 0]))
    })
    socket.on('error', () => socket.destroy())
    socket.once('close', () => resolve(load.answers ? answered : true))
  })
}

const started = performance.now()
const waitsMs: number[] = []
let next = 0
let failed = 0
async function runNext(): Promise<void> {
  const began = performance.now()
  const isAnswered = await device(load.firstDevice + next++)
  waitsMs.push(performance.now() - began)
  if (!isAnswered) failed += 1
}

async function runFull(): Promise<void> {
  const one = async (): Promise<void> => {
    while (next < load.count) await runNext()
  }
  await Promise.all(Array.from({ length: load.parallel }, one))
}

async function runSteadily(perSecond: number): Promise<void> {
  const running: Promise<void>[] = []
  while (next < load.count) {
    while (next < load.count && (performance.now() - started) * perSecond >= next * 1000) running.push(runNext())
    await sleep(1)
  }
  await Promise.all(running)
}

const { perSecond = 0 } = load
await (perSecond > 0 ? runSteadily(perSecond) : runFull())
const { user, system } = process.cpuUsage()
const report: Report = {
  done: load.count,
  failed,
  seconds: (performance.now() - started) / 1000,
  cpuSeconds: (user + system) / 1e6,
  waitsMs,
}
process.stdout.write(`${JSON.stringify(report)}\n`)
