import { rmSync } from 'node:fs'
import { createTunnelBroker, type TunnelBroker } from '../../broker/tunnel/index.ts'
import { createGateway, type Gateway } from '../../gateway/gateway.ts'
import { enter, MessageLine } from '../../ipc/index.ts'
import type { Onboarding } from '../../onboarding/admission.ts'
import { createOnboarding } from '../../onboarding/admit.ts'
import { type AnnouncingRegistry, createRegistry } from '../../registry/create-registry.ts'
import { RemoteStore, type StoreChange, type StoreReply } from '../../registry/remote/index.ts'
import { createLog, type Log } from '../log.ts'
import { createRandomPool } from '../random-pool.ts'
import { version } from '../version.ts'
import type { CutTunnel, FromWorker, ToWorker, WorkerStart } from './messages.ts'
import { startReporting } from './reporting.ts'

/** The store's own limit has the better sentence, so it comes first. */
const STORE_MARGIN_MS = 1000
const clock = (): number => Date.now()

interface Running {
  gateway: Gateway
  onboarding: Onboarding
  registry: AnnouncingRegistry
  line: MessageLine
  log: Log
  stopReporting: () => void
}

let running: Running | undefined
let isClosing = false

// A terminal and a process manager send their signals to all processes; when to stop is the main process's decision.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
// The channel ends when the main process does, however it does: nobody is left to attach devices to.
process.once('disconnect', () => process.exit())
process.on('message', (message: ToWorker) => {
  handle(message).catch((error: unknown) => {
    const failed: FromWorker = { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
    process.send?.(failed, () => process.exit(1))
  })
})

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message)
}

async function handle(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'start':
      running = await start(message)
      break
    case 'certificates':
      running?.gateway.reloadCertificates(message.certificates)
      break
    case 'drain':
      running?.gateway.drain()
      break
    case 'settle':
      await running?.gateway.settled(message.timeoutMs)
      running?.onboarding.drain()
      tell({ kind: 'settled' })
      break
    case 'close':
      await close(message.timeoutMs)
      break
    default:
      message satisfies never
  }
}

async function start(message: WorkerStart): Promise<Running> {
  if (message.version !== version) {
    throw new Error(`the files of Hatchway are of version ${version} now, and ${message.version} runs: start it anew.`)
  }
  const { place, id, storeTimeoutMs, rememberMs } = message
  process.on('exit', () => {
    if (!process.connected && place.folder !== null) rmSync(place.folder, { recursive: true, force: true })
  })
  const log = createLog(message.logLevel).child({ worker: message.number })
  const line = new MessageLine(enter(place, 'line', encodeId(id)))
  const remote = new RemoteStore({ callTimeoutMs: storeTimeoutMs + STORE_MARGIN_MS, send: call => line.send(call) })
  const registry = createRegistry({ store: remote.store, clock, rememberMs })
  const onError = (error: unknown): void => log.error({ err: error }, 'internal error')
  const { onboarding: settings, gateway: gatewaySettings, certificates, ticketSecret } = message
  const onboarding = createOnboarding({ registry, clock, random: createRandomPool(), settings, onError })
  const broker = createTunnelBroker({ worker: id, enter: preface => enter(place, 'tunnel', preface), onError })
  listenTo(line, { remote, broker })
  const gateway = createGateway({
    settings: gatewaySettings,
    ...{ onboarding, broker, certificates, ticketSecret, log },
    journal: registry.journal,
    clock: { now: clock },
  })
  tell({ kind: 'listening', addresses: await gateway.listen() })
  const report = { gateway, journal: registry.journal }
  const stopReporting = startReporting(report, figures => tell({ kind: 'figures', ...figures }))
  return { gateway, onboarding, registry, line, log, stopReporting }
}

function listenTo(line: MessageLine, { remote, broker }: { remote: RemoteStore; broker: TunnelBroker }): void {
  line.listen({
    message(message) {
      const known = message as StoreReply | StoreChange | CutTunnel
      if (known.kind === 'cut-tunnel') broker.cut(known.tunnel)
      else remote.message(known)
    },
    closed() {
      remote.lost()
      // Without the store nothing can be decided here, and what is remembered gets old unseen.
      if (!isClosing) throw new Error('the line to the main process broke')
      process.exit(0)
    },
  })
}

async function close(timeoutMs: number): Promise<void> {
  isClosing = true
  await running?.gateway.close(timeoutMs)
  running?.stopReporting()
  await running?.registry.close()
  running?.line.end()
}

function encodeId(id: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(id)
  return bytes
}
