import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'
import type { Broker } from '../../broker/port.ts'
import {
  type Certificates,
  type Gateway,
  type GatewayStats,
  type ListenerAddress,
  secureContextOf,
  TunnelHall,
} from '../../gateway/index.ts'
import { type Door, MessageLine, openDoor } from '../../ipc/index.ts'
import type { AnnouncingRegistry } from '../../registry/index.ts'
import { type RemoteCall, type StoreCall, serveStore } from '../../registry/remote/index.ts'
import type { Log } from '../log.ts'
import { version } from '../version.ts'
import type { CutTunnel, WorkerReport, WorkerSettings, WorkerStart } from './messages.ts'
import { sumGatewayStats } from './sum-figures.ts'
import { WorkerSlot } from './worker-slot.ts'

export interface WorkerPoolOptions {
  /** How many processes. */
  count: number
  settings: WorkerSettings
  broker: Pick<Broker, 'attach'>
  registry: AnnouncingRegistry
  log: Log
}

/** Figures of the worker processes. */
export interface PoolFigures {
  /** Of those that run. */
  all: readonly (Pick<WorkerReport, 'lagMs' | 'cpuSeconds' | 'residentBytes'> & {
    number: number
    connections: number
  })[]
  /** Processes that were started in the place of one that had ended. */
  restarts: number
}

/** Several processes that together do what one gateway does in this one. */
export interface WorkerPool extends Omit<Gateway, 'addresses'> {
  figures(): PoolFigures
  /** Why no device can come in, one sentence each. */
  problems(): readonly string[]
}

// The published package holds JavaScript, a checkout TypeScript.
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
/** What onboarding and the journal of a worker need: it faces strangers, and may not make itself a key. */
const WORKER_CALLS: readonly RemoteCall[] = ['product', 'device', 'apiKey', 'register', 'activate', 'appendJournal']
const TICKET_KEYS_SIZE_BYTES = 48
const KILL_MARGIN_MS = 700
const SETTLE_MARGIN_MS = 500

export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  return new ClusterPool(options)
}

/**
 * Worker processes on node:cluster, which open the ports together and accept from one queue: what a worker that dies has
 * not accepted goes to the others. What the workers need of this process comes through a door: store calls and news on
 * one line each, and one socket for each connection that was admitted.
 */
class ClusterPool implements WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #slots: readonly WorkerSlot[]
  readonly #hall: TunnelHall
  /** By the id of the process. */
  readonly #lines = new Map<number, MessageLine>()
  #settings: WorkerSettings
  #door: Door | undefined
  #addresses: readonly ListenerAddress[] | undefined
  #hasClients = false

  constructor(options: WorkerPoolOptions) {
    this.#options = options
    this.#settings = options.settings
    const { broker, log, registry } = options
    const { closeTimeoutMs } = options.settings.gateway
    const onCut = (worker: number, tunnel: number): void => {
      this.#lines.get(worker)?.send({ kind: 'cut-tunnel', tunnel } satisfies CutTunnel)
    }
    this.#hall = new TunnelHall({
      broker,
      log,
      closeTimeoutMs,
      onCut,
      onOccupied: hasClients => this.#guard(hasClients),
    })
    this.#slots = Array.from({ length: options.count }, (_, index) => {
      return new WorkerSlot({
        number: index + 1,
        log,
        startMessage: (slot, id) => this.#startMessage(slot, id),
        onReport: ({ journalDropped }) => {
          for (const [reason, count] of Object.entries(journalDropped) as [keyof typeof journalDropped, number][]) {
            registry.countDropped(reason, count)
          }
        },
        onGone: id => this.#lines.delete(id),
      })
    })
  }

  async listen(): Promise<readonly ListenerAddress[]> {
    if (Object.keys(cluster.workers ?? {}).length > 0) {
      // node:cluster is the process's own: processes of two servers would share their ports.
      throw new Error('another server of this process has worker processes; run it in a process of its own.')
    }
    this.#door = await openDoor({
      handlers: {
        line: (socket, payload, rest) => this.#takeLine(payload.readUInt32BE(), new MessageLine(socket, rest)),
        tunnel: (socket, preface, rest) => this.#hall.take(socket, preface, rest),
      },
      onError: error => this.#options.log.error({ err: error }, 'the door for worker processes has trouble'),
    })
    cluster.schedulingPolicy = cluster.SCHED_NONE
    cluster.setupPrimary({ exec: fileURLToPath(WORKER), args: [], execArgv: [], serialization: 'advanced' })
    const started = await Promise.allSettled(this.#slots.map(slot => slot.start()))
    for (const outcome of started) if (outcome.status === 'rejected') throw outcome.reason
    const [addresses = []] = started.map(outcome => (outcome.status === 'fulfilled' ? outcome.value : []))
    this.#addresses = addresses
    return addresses
  }

  reloadCertificates(certificates: Certificates): void {
    const { legacyCiphers } = this.#settings.gateway
    // Throws here if OpenSSL refuses them, so that no worker meets what it can't use.
    secureContextOf(certificates.pairs, { legacyCiphers, ticketKeys: Buffer.alloc(TICKET_KEYS_SIZE_BYTES) })
    this.#settings = { ...this.#settings, certificates }
    for (const slot of this.#slots) slot.send({ kind: 'certificates', certificates })
  }

  stats(): GatewayStats {
    return sumGatewayStats(this.#slots.map(({ stats }) => stats))
  }

  figures(): PoolFigures {
    const restarts = this.#slots.reduce((sum, slot) => sum + slot.restarts, 0)
    const all = this.#slots.flatMap(({ number, report }) => {
      if (report === undefined) return []
      const { lagMs, cpuSeconds, residentBytes, gateway } = report
      const { arriving, ...open } = gateway.connections
      const connections = Object.values(open).reduce((sum, count) => sum + count, arriving)
      return [{ number, lagMs, cpuSeconds, residentBytes, connections }]
    })
    return { all, restarts }
  }

  problems(): readonly string[] {
    return this.#slots.some(slot => slot.addresses !== undefined) ? [] : ['no worker process takes connections now']
  }

  drain(): void {
    for (const slot of this.#slots) slot.send({ kind: 'drain' })
  }

  async settled(timeoutMs: number): Promise<void> {
    await Promise.all(this.#slots.map(slot => slot.settled(timeoutMs + SETTLE_MARGIN_MS)))
  }

  async close(timeoutMs: number): Promise<void> {
    await Promise.all(this.#slots.map(slot => slot.close(timeoutMs, timeoutMs + KILL_MARGIN_MS)))
    this.#hall.close()
    this.#door?.close()
  }

  /** A storm at one worker takes the CPU of those that carry messages. */
  #guard(hasClients: boolean): void {
    this.#hasClients = hasClients
    for (const slot of this.#slots) slot.send({ kind: 'clients', hasClients })
  }

  #takeLine(id: number, line: MessageLine): void {
    const served = serveStore(this.#options.registry, WORKER_CALLS, message => line.send(message))
    this.#lines.set(id, line)
    line.listen({ message: message => served.message(message as StoreCall), closed: () => served.close() })
  }

  #startMessage({ number }: WorkerSlot, id: number): WorkerStart {
    const place = this.#door?.place
    if (place === undefined) throw new Error('workers are started when the door is open')
    this.#keepPorts()
    return { kind: 'start', version, number, id, place, hasClients: this.#hasClients, ...this.#settings }
  }

  /**
   * Processes share a port by the number that they ask for. While one of them listens, the others ask for what it asked
   * for; when none does, the port that was free then must be asked for by its number to be had again.
   */
  #keepPorts(): void {
    const addresses = this.#addresses
    if (addresses === undefined || this.#slots.some(slot => slot.addresses !== undefined)) return
    const { gateway } = this.#settings
    const ports = addresses.map(({ port }) => port)
    const proxyProtocolPorts = ports.filter((_, at) => gateway.proxyProtocolPorts.includes(gateway.ports[at] ?? -1))
    this.#settings = { ...this.#settings, gateway: { ...gateway, ports, proxyProtocolPorts } }
  }
}
