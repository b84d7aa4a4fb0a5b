import type { Connect, Packet } from '../../../mqtt/index.ts'
import type { Identity } from '../../port.ts'
import { type FakeClient, type Rig, rig } from '../fake-client.suite.ts'
import type { BrokerSettings } from '../settings.ts'
import { MemoryStore } from '../store/memory-store.ts'
import type { Change, SessionStore } from '../store/session-store.ts'

/** A store whose commits happen when the test says so; what it holds is what a crash would leave. */
export class HeldStore implements SessionStore {
  readonly inner = new MemoryStore()
  /** What was committed. */
  readonly commits: (readonly Change[])[] = []
  isDown = false
  readonly load = () => this.inner.load()

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.isDown) throw new Error('the store is down')
    this.commits.push(changes)
    await this.inner.commit(changes)
  }

  async close(): Promise<void> {}
}

export interface DurableRig extends Rig {
  readonly store: HeldStore
  /** The window passes: what waits for the store is stored, if it is up. */
  commit(): Promise<void>
  /** Seconds pass: the clock goes on, then there is one sweep for each. */
  pass(seconds: number): void
  /** The process dies: another one finds what is stored. Clients of this one are gone. */
  restart(settings?: Partial<BrokerSettings>): Promise<DurableRig>
}

const rounds = 8

export async function durableRig(
  settings: Partial<BrokerSettings> = {},
  { store = new HeldStore(), startMs = 1_700_000_000_000 } = {},
): Promise<DurableRig> {
  let nowMs = startMs
  let timers = new Set<() => void>()
  const after = (_delayMs: number, run: () => void): (() => void) => {
    timers.add(run)
    return () => timers.delete(run)
  }
  const stored = await store.load()
  const made = rig(settings, { now: () => nowMs, after, durable: { store, stored } })
  return {
    ...made,
    store,
    async commit() {
      for (let round = 0; round < rounds; round++) {
        const due = timers
        timers = new Set()
        for (const run of due) run()
        for (let turn = 0; turn < rounds; turn++) await Promise.resolve()
        made.runTurns()
      }
    },
    advance(milliseconds) {
      nowMs += milliseconds
    },
    pass(seconds) {
      for (let second = 0; second < seconds; second++) {
        nowMs += 1000
        made.sweep()
      }
    },
    restart: (again = settings) => durableRig(again, { store, startMs: nowMs }),
  }
}

/** A CONNECT whose session outlives the connection, at either level. */
export function lasting(level: 4 | 5, expirySeconds = 100): { level: 4 | 5; connect: Partial<Connect> } {
  const properties = level === 5 ? { sessionExpiryIntervalSeconds: expirySeconds } : undefined
  return { level, connect: { cleanStart: false, properties } }
}

export function resumed({ connack }: FakeClient): boolean {
  return connack?.type === 'connack' && connack.sessionPresent
}

/** Topic, payload, QoS, DUP and packet identifier of what came, other packets by their type. */
export function told(packets: readonly Packet[]): string[] {
  return packets.map(packet => {
    if (packet.type !== 'publish') return 'packetId' in packet ? `${packet.type} ${packet.packetId}` : packet.type
    const { payload, qos, dup, packetId } = packet
    return `${payload.toString()} qos ${qos}${dup ? ' dup' : ''}${qos > 0 ? ` #${packetId}` : ''}`
  })
}

export const dashboard: Identity = { kind: 'application', sessionId: '@key1/app', keyId: 'key1', products: 'all' }
