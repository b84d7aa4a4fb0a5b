import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from './child.ts'
import { LOAD_CORE } from './machine.ts'
import { MESSAGE_CASES, type MessageCase, wiringOf } from './messages-cases.ts'
import type { MessageLoad, MessageReport } from './messages-load.ts'
import { type Measured, messagesReport } from './messages-report.ts'
import { type BrokerName, Brokers, type RunningBroker } from './messages-servers.ts'
import { deviceNameOf } from './mqtt-bytes.ts'
import { readOptions } from './options.ts'
import { bringPeers, PEERS, type PeerName } from './peer-programs.ts'
import type { BenchReport } from './report.ts'

const WARM_UP_MS = 400
const MIN_MS = 500
const MAX_MS = 20_000
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/**
 * Server CPU per delivered message, Hatchway and its peers in turn within one run. The first round warms everything up and
 * is not counted.
 */
export async function run(args: readonly string[]): Promise<BenchReport> {
  const options = readOptions(args, {
    repeats: { from: 1, to: 20, default: 5 },
    'cpu-ms': { from: 50, to: 10_000, default: 600 },
    peers: { several: PEERS },
    cases: { text: '' },
    profile: { text: '' },
  })
  const versions = bringPeers(options.peers as readonly PeerName[])
  const wanted = options.cases.split(',')
  const cases = MESSAGE_CASES.filter(({ id }) => wanted.some(part => id.includes(part)))
  const folder = mkdtempSync(join(tmpdir(), 'hatchway-bench-'))
  const brokers = new Brokers(folder, options.profile)
  const names: readonly BrokerName[] = ['hatchway', ...(options.peers as readonly PeerName[])]
  try {
    const measured: Measured[] = []
    for (let round = 0; round <= options.repeats; round++) {
      for (const messageCase of cases) {
        for (const name of names) {
          console.error(`round ${round} of ${options.repeats}: ${messageCase.id}, ${name}`)
          const result = await measuredOrFailed(brokers, name, messageCase, {
            folder,
            serverCpuUs: options['cpu-ms'] * 1000,
          })
          if (round > 0) measured.push({ case: messageCase, broker: name, result })
        }
      }
    }
    return messagesReport({ cases, names, measured, versions, repeats: options.repeats, cpuMs: options['cpu-ms'] })
  } finally {
    await brokers.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

export interface Once {
  folder: string
  serverCpuUs: number
}

/** Puts a load on a broker by a process on the other core, and gives what came of it. */
export async function measure(
  broker: RunningBroker,
  messageCase: MessageCase,
  { folder, serverCpuUs }: Once,
): Promise<MessageReport> {
  const { productKey } = broker
  const { topics, filters, copies } = wiringOf(
    messageCase,
    productKey,
    Array.from({ length: messageCase.publishers }, (_, index) => deviceNameOf(index)),
  )
  const isBroadcast = messageCase.shape === 'fan-out'
  const load: MessageLoad = {
    case: messageCase,
    port: broker.port,
    serverPid: broker.program.pid,
    publishers: topics.map((topic, index) => {
      return { topic, login: isBroadcast ? broker.applicationLogin(index) : broker.deviceLogin(index) }
    }),
    subscribers: filters.map((filter, index) => {
      return { filter, login: isBroadcast ? broker.deviceLogin(index) : broker.applicationLogin(index) }
    }),
    copies,
    warmUpMs: WARM_UP_MS,
    serverCpuUs,
    minMs: MIN_MS,
    maxMs: MAX_MS,
  }
  const file = join(folder, 'load.json')
  writeFileSync(file, JSON.stringify(load))
  const generator = new Child(LOAD_CORE, path('messages-load.ts'), [file])
  try {
    return await generator.message<MessageReport>()
  } finally {
    await generator.stop()
  }
}

/** A peer that fails is said to have failed, and is started anew for the next case; Hatchway may not. */
async function measuredOrFailed(
  brokers: Brokers,
  name: BrokerName,
  messageCase: MessageCase,
  once: Once,
): Promise<MessageReport | 'failed'> {
  const broker = await brokers.get(name)
  try {
    const report = await measure(broker, messageCase, once)
    if (report.lost > 0) console.error(`${name} lost ${report.lost} messages`)
    return report
  } catch (error) {
    if (name === 'hatchway') throw error
    await brokers.restart(name)
    return 'failed'
  }
}
