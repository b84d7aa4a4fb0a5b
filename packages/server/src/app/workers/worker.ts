import { createTunnelBroker, type TunnelBroker } from '../../broker/tunnel/index.ts'
import { createGateway, type Gateway } from '../../gateway/gateway.ts'
import { enter, MessageLine, removeFolder } from '../../ipc/index.ts'
import type { Onboarding } from '../../onboarding/admission.ts'
import { createOnboarding } from '../../onboarding/admit.ts'
import { type AnnouncingRegistry, createRegistry } from '../../registry/create-registry.ts'
import { RemoteStore, type StoreChange, type StoreReply } from '../../registry/remote/index.ts'
import { createLog, errorsTo } from '../log.ts'
import { createRandomPool } from '../random-pool.ts'
import { version } from '../version.ts'
import type { CutTunnel, FromWorker, ToWorker, WorkerStart } from './messages.ts'
import { startReporting } from './reporting.ts'

/** The store's own limit has the better sentence, so it comes first. */
const STORE_MARGIN_MS = 1000
/** The kernel ends what a process had open one after the other. */
const CHANNEL_GRACE_MS = 1000
const clock = (): number => Date.now()

/** The rooms of a worker process: TLS, WebSocket and onboarding. Broker and store are those of the main process. */
class WorkerRooms {
  readonly gateway: Gateway
  readonly onboarding: Onboarding
  hasClients: boolean
  readonly #registry: AnnouncingRegistry
  readonly #line: MessageLine
  #isClosing = false

  constructor(start: WorkerStart) {
    this.hasClients = start.hasClients
    const { place, id, storeTimeoutMs, rememberMs, certificates, ticketSecret } = start
    const log = createLog(start.logLevel).child({ worker: start.number })
    const onError = errorsTo(log)
    const line = new MessageLine(enter(place, 'line', encodeId(id)))
    const remote = new RemoteStore({ callTimeoutMs: storeTimeoutMs + STORE_MARGIN_MS, send: call => line.send(call) })
    const registry = createRegistry({ store: remote.store, clock, rememberMs })
    const random = createRandomPool()
    const onboarding = createOnboarding({ registry, clock, random, settings: start.onboarding, onError })
    const broker = createTunnelBroker({ worker: id, enter: preface => enter(place, 'tunnel', preface), onError })
    const parts = { onboarding, broker, certificates, ticketSecret, log, journal: registry.journal }
    this.gateway = createGateway({
      ...parts,
      settings: start.gateway,
      clock: { now: clock },
      hasClientsElsewhere: () => this.hasClients,
    })
    this.onboarding = onboarding
    this.#registry = registry
    this.#line = line
    this.#listen(remote, broker)
  }

  get journal(): AnnouncingRegistry['journal'] {
    return this.#registry.journal
  }

  /** Ends the process when all is told. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true
    await this.gateway.close(timeoutMs)
    await this.#registry.close()
    this.#line.end()
  }

  #listen(remote: RemoteStore, broker: TunnelBroker): void {
    this.#line.listen({
      message(message) {
        const known = message as StoreReply | StoreChange | CutTunnel
        if (known.kind === 'cut-tunnel') broker.cut(known.tunnel)
        else remote.message(known)
      },
      closed: () => {
        remote.lost()
        if (this.#isClosing) process.exit()
        // Without the store nothing can be decided here, and what is remembered gets old unseen.
        this.gateway.drain()
        // If the main process is gone, its channel ends too, and only then what it left behind is taken away.
        // On a busy machine its end may be waiting to be read when the time is over: the immediate comes after that.
        setTimeout(() => {
          setImmediate(() => {
            throw new Error('the line to the main process broke')
          })
        }, CHANNEL_GRACE_MS)
      },
    })
  }
}

function encodeId(id: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(id)
  return bytes
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message)
}

/** Rejects with one sentence if it can't. */
async function startWorker(start: WorkerStart): Promise<WorkerRooms> {
  if (start.version !== version) {
    throw new Error(`the files of Hatchway are of version ${version}, and ${start.version} runs: restart it.`)
  }
  // The main process sees to that itself, if it can.
  process.on('exit', () => {
    if (!process.connected) removeFolder(start.place)
  })
  const rooms = new WorkerRooms(start)
  tell({ kind: 'listening', addresses: await rooms.gateway.listen() })
  startReporting(rooms, report => tell({ kind: 'figures', ...report }))
  return rooms
}

async function obey(message: Exclude<ToWorker, WorkerStart>, rooms: WorkerRooms): Promise<void> {
  switch (message.kind) {
    case 'certificates':
      rooms.gateway.reloadCertificates(message.certificates)
      break
    case 'clients':
      rooms.hasClients = message.hasClients
      break
    case 'drain':
      rooms.gateway.drain()
      break
    case 'settle':
      await rooms.gateway.settled(message.timeoutMs)
      rooms.onboarding.drain()
      tell({ kind: 'settled' })
      break
    case 'close':
      await rooms.close(message.timeoutMs)
      break
    default:
      message satisfies never
  }
}

function failed(error: unknown): void {
  const failure: FromWorker = { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
  process.send?.(failure, () => process.exit(1))
}

function serveMainProcess(): void {
  // A terminal and a process manager send their signals to all processes; when to stop is the main process's decision.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
  // The channel ends when the main process does, however it does: nobody is left to attach devices to.
  process.once('disconnect', () => process.exit())
  process.once('message', (start: WorkerStart) => {
    const started = startWorker(start)
    started.catch(failed)
    process.on('message', (message: Exclude<ToWorker, WorkerStart>) => {
      started.then(rooms => obey(message, rooms)).catch(failed)
    })
  })
}

serveMainProcess()
