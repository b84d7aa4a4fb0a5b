import { ConnectionFailed, type Credentials } from '@hatchway/device'
import { CliError } from '../io.ts'
import type { Member } from './connects.ts'
import { SimulatedDevice } from './device.ts'
import type { Door } from './line.ts'
import { Pace } from './pace.ts'
import type { Messages } from './session.ts'
import { type Figures, Tally } from './tally.ts'

export interface FleetPlan {
  members: readonly Member[]
  door: Door
  messages: Messages
  /** Attempts to come up a second: a registration and a login, or a login. */
  perSecond: number
  /** Attempts under way at once. */
  atOnce: number
  keepAliveSeconds: number
  /** How long the fleet stays when all devices have tried to come; 0: until the signal. */
  durationMs: number
}

export interface FleetRun {
  signal: AbortSignal
  keep: (credentials: Credentials) => Promise<void>
  /** Called now and then, with the figures so far. */
  onProgress: (figures: Figures, phase: 'coming' | 'staying') => void
  progressIntervalMs: number
}

export interface FleetResult {
  figures: Figures
  /** Devices with nothing wrong on purpose whose last attempt failed. */
  failed: number
  isInterrupted: boolean
}

/** Runs a fleet from its first connection to the last DISCONNECT; nothing is left open. Rejects with CliError if no connection comes about. */
export async function runFleet(plan: FleetPlan, run: FleetRun): Promise<FleetResult> {
  const { members, door, messages, perSecond, atOnce, keepAliveSeconds } = plan
  const misbehaving = members.filter(({ misbehaviour }) => misbehaviour !== undefined).length
  const tally = new Tally({ devices: members.length, misbehaving })
  const pace = new Pace({ perSecond, atOnce })
  const shared = { door, messages, keepAliveSeconds, tally, pace, keep: run.keep }
  const devices = members.map(member => new SimulatedDevice(member, shared))
  const over = new Over(run.signal)
  const tried = new Set<SimulatedDevice>()
  const onTried = (device: SimulatedDevice): void => {
    const { failure } = device
    // Where not even the first connection opens, trying on would tell nothing new.
    if (failure instanceof ConnectionFailed && tally.connectMs.count === 0) over.fail(new CliError(failure.message))
    tried.add(device)
    if (tried.size === devices.length && plan.durationMs > 0) over.after(plan.durationMs)
  }
  const report = setInterval(() => {
    run.onProgress(tally.figures(), tried.size < devices.length ? 'coming' : 'staying')
  }, run.progressIntervalMs)
  const beat = setInterval(
    () => {
      for (const device of devices) device.keepAlive()
    },
    (keepAliveSeconds * 1000) / 2,
  )
  const runs = Promise.all(devices.map(device => device.run(onTried)))
  try {
    await Promise.race([over.promise, runs])
    const figures = tally.figures()
    return { figures, failed: devices.filter(isFailed).length, isInterrupted: run.signal.aborted }
  } finally {
    for (const timer of [report, beat]) clearInterval(timer)
    over.close()
    pace.stop()
    await Promise.all(devices.map(device => device.stop()))
    for (const line of door.lines) line.cut()
    await runs
  }
}

const isFailed = ({ failure, member }: SimulatedDevice): boolean =>
  failure !== undefined && member.misbehaviour === undefined

/** When a run ends: after a time, by the signal, or by what makes it pointless. */
class Over {
  readonly promise: Promise<void>
  readonly fail: (error: Error) => void
  readonly #signal: AbortSignal
  readonly #end: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(signal: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.promise = promise
    this.fail = reject
    this.#end = resolve
    this.#signal = signal
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', this.#end)
  }

  after(ms: number): void {
    this.#timer ??= setTimeout(this.#end, ms)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#signal.removeEventListener('abort', this.#end)
  }
}
