import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from './figures.ts'
import { processCpuUs } from './machine.ts'
import type { MessageCase } from './messages-cases.ts'
import {
  connectBytes,
  type Login,
  PacketCounter,
  packetIdOf,
  publishBytes,
  repeatPublish,
  senderOf,
  stampOf,
  stampPublish,
  subscribeBytes,
} from './mqtt-bytes.ts'

/** The load of the message benchmark. Argument: a file with JSON of `MessageLoad`. Prints one JSON line `MessageReport`. */
export interface MessageLoad {
  case: MessageCase
  port: number
  serverPid: number
  publishers: readonly { login: Login; topic: string }[]
  subscribers: readonly { login: Login; filter: string }[]
  copies: number
  warmUpMs: number
  /** It is measured until the server has used so much CPU time, at least `minMs`, at most `maxMs`. */
  serverCpuUs: number
  minMs: number
  maxMs: number
}
export interface MessageReport {
  delivered: number
  /** Messages that did not arrive although nothing was sent any more. */
  lost: number
  seconds: number
  serverCpuUs: number
  /** Of this process: above 0.9 of a core it may have been the bottleneck. A paced load always looks at the clock: 1. */
  generatorCpuSeconds: number
  /** Paced loads only: from the write to the delivery, and how late the writes were. */
  latencyMs: { median: number; p99: number } | null
  latenessMs: { p99: number } | null
}

const LOAD = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as MessageLoad
const { qos, perWrite, window, ratePerSecond } = LOAD.case
const CHUNK_BYTES = 64 * 1024
const ANSWER_TIMEOUT_MS = 10_000
const STALL_MS = 5000
const POLL_MS = 20
const MAX_SAMPLES = 200_000
const MAX_PACKET_ID = 60_000
/** A paced load gives up when so many messages are on their way. */
const MAX_BACKLOG = 50_000
const sharedChunk = Buffer.allocUnsafe(CHUNK_BYTES)

let delivered = 0
let sent = 0
let isSending = true
let isSampling = false
const latencies: number[] = []
const lateness: number[] = []

/** One connection, from CONNECT on. */
class Client {
  readonly socket: Socket
  #answered: ((code: number) => void) | undefined
  #acks: Buffer = Buffer.allocUnsafe(4 * 1024)
  #ackBytes = 0
  onAcknowledged: () => void = () => {}

  constructor() {
    const counter = new PacketCounter({
      onPublish: (buffer, end, publishQos) => this.#publish(buffer, end, publishQos),
      onPuback: () => this.onAcknowledged(),
      onOther: (_, code) => this.#answered?.(code),
    })
    const callback = (length: number): boolean => {
      counter.feed(sharedChunk, length)
      if (this.#ackBytes > 0) this.#acknowledge()
      return true
    }
    this.socket = connectTcp({
      port: LOAD.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: sharedChunk, callback },
    })
    this.socket.on('error', error => fail(`a connection failed: ${error.message}`))
    this.socket.on('close', () => fail('the server closed a connection'))
  }

  async open(login: Login, filter?: string): Promise<void> {
    await this.#ask(connectBytes(login), 'CONNECT')
    if (filter !== undefined) await this.#ask(subscribeBytes(filter, qos), `SUBSCRIBE ${filter}`)
  }

  async #ask(bytes: Buffer, what: string): Promise<void> {
    const code = new Promise<number>(resolve => {
      this.#answered = resolve
    })
    this.socket.write(bytes)
    const answer = await Promise.race([code, sleep(ANSWER_TIMEOUT_MS, -1, { ref: false })])
    if (answer !== 0 && answer !== qos) fail(`${what} was answered by ${answer}`)
  }

  #publish(buffer: Buffer, end: number, publishQos: number): void {
    delivered++
    if (isSampling && ratePerSecond > 0 && latencies.length < MAX_SAMPLES) {
      latencies.push(performance.now() - stampOf(buffer, end))
    }
    if (publishQos > 0) this.#addAck(packetIdOf(buffer, end))
    if (ratePerSecond === 0) publishers[senderOf(buffer, end)]?.onDelivered()
  }

  #addAck(packetId: number): void {
    if (this.#ackBytes === this.#acks.length) this.#acknowledge()
    this.#acks.writeUInt32BE(0x40020000 + packetId, this.#ackBytes)
    this.#ackBytes += 4
  }

  #acknowledge(): void {
    this.socket.write(this.#acks.subarray(0, this.#ackBytes))
    this.#acks = Buffer.allocUnsafe(this.#acks.length)
    this.#ackBytes = 0
  }
}

/** Sends as fast as its window lets it. */
class Publisher {
  readonly client: Client
  readonly #writes: readonly Buffer[]
  #next = 0
  #sent = 0
  #delivered = 0
  #acknowledged = 0
  #isStarted = false

  constructor(client: Client, topic: string, sender: number) {
    this.client = client
    const publish = publishBytes(topic, { qos, sender })
    this.#writes = Array.from({ length: window }, (_, index) => repeatPublish(publish, perWrite, 1 + index * perWrite))
    client.onAcknowledged = () => {
      this.#acknowledged++
      this.#sendIfDue()
    }
  }

  onDelivered(): void {
    this.#delivered++
    this.#sendIfDue()
  }

  start(): void {
    for (let write = 0; write < window; write++) this.#send()
    this.#isStarted = true
  }

  #sendIfDue(): void {
    if (!this.#isStarted || !isSending) return
    const through = this.#sent - perWrite * (window - 1)
    if (this.#delivered < through * LOAD.copies || (qos > 0 && this.#acknowledged < through)) return
    this.#send()
  }

  #send(): void {
    const bytes = this.#writes[this.#next]
    if (bytes === undefined) return
    this.#next = (this.#next + 1) % window
    this.#sent += perWrite
    sent += perWrite
    this.client.socket.write(bytes)
  }
}

/** Sends at a rate, whatever comes back. */
function pace(clients: readonly Client[]): void {
  const templates = LOAD.publishers.map(({ topic }, sender) => publishBytes(topic, { qos, sender }))
  const intervalMs = 1000 / ratePerSecond
  let due = performance.now()
  let turn = 0
  const run = (): void => {
    if (!isSending) return
    for (let now = performance.now(); due <= now; due += intervalMs) {
      const at = turn % clients.length
      const publish = Buffer.from(templates[at] ?? Buffer.alloc(0))
      stampPublish(publish, {
        packetId: 1 + (Math.floor(turn / clients.length) % MAX_PACKET_ID),
        stamp: performance.now(),
      })
      if (isSampling && lateness.length < MAX_SAMPLES) lateness.push(now - due)
      clients[at]?.socket.write(publish)
      turn++
      sent++
    }
    if (sent * LOAD.copies - delivered > MAX_BACKLOG) fail(`the server did not keep up with ${ratePerSecond}/s`)
    setImmediate(run)
  }
  run()
}

function fail(problem: string): void {
  if (isDone) return
  process.stderr.write(`load: ${problem}\n`)
  process.exit(1)
}

let isDone = false
const publishers: Publisher[] = []

async function open(): Promise<readonly Client[]> {
  const subscribers = LOAD.subscribers.map(({ login, filter }) => new Client().open(login, filter))
  await Promise.all(subscribers)
  const clients = LOAD.publishers.map(() => new Client())
  await Promise.all(clients.map((client, index) => client.open(LOAD.publishers[index]?.login ?? { clientId: '' })))
  return clients
}

async function measure(): Promise<MessageReport> {
  await sleep(LOAD.warmUpMs)
  isSampling = true
  const before = { delivered, at: performance.now(), cpu: processCpuUs(LOAD.serverPid), own: process.cpuUsage() }
  let progress = { delivered, at: performance.now() }
  for (;;) {
    await sleep(POLL_MS)
    const now = performance.now()
    const elapsed = now - before.at
    const used = processCpuUs(LOAD.serverPid) - before.cpu
    if ((used >= LOAD.serverCpuUs && elapsed >= LOAD.minMs) || elapsed >= LOAD.maxMs) {
      isSampling = false
      const own = process.cpuUsage(before.own)
      const figures = { delivered: delivered - before.delivered, seconds: elapsed / 1000, serverCpuUs: used }
      isSending = false
      const isPaced = ratePerSecond > 0
      return {
        ...figures,
        lost: await missing(),
        generatorCpuSeconds: (own.user + own.system) / 1e6,
        latencyMs: isPaced ? { median: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) } : null,
        latenessMs: isPaced ? { p99: quantile(lateness, 0.99) } : null,
      }
    }
    if (delivered > progress.delivered) progress = { delivered, at: now }
    if (now - progress.at > STALL_MS) fail(`no message came for ${STALL_MS} ms; ${sent} sent, ${delivered} delivered`)
  }
}

/** Waits until nothing comes any more. */
async function missing(): Promise<number> {
  let last = -1
  while (delivered < sent * LOAD.copies && delivered > last) {
    last = delivered
    await sleep(500)
  }
  return sent * LOAD.copies - delivered
}

const clients = await open()
if (ratePerSecond > 0) pace(clients)
else {
  for (const [index, client] of clients.entries()) {
    publishers.push(new Publisher(client, LOAD.publishers[index]?.topic ?? '', index))
  }
  for (const publisher of publishers) publisher.start()
}
const report = await measure()
isDone = true
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))
