import { backoffMs, ConnectionFailed, type Credentials, LoginRefused, Refused } from '@hatchway/device'
import { type Connecting, logInMember, type Member, registerMember } from './connects.ts'
import type { DeviceLine } from './line.ts'
import type { Pace } from './pace.ts'
import { DeviceSession, type Messages } from './session.ts'

/** What the devices of a fleet share. */
export interface Surroundings extends Connecting {
  pace: Pace
  messages: Messages
  /** Called with what a registration brought; the device logs in when it resolves. */
  keep: (credentials: Credentials) => Promise<void>
}

/** Waits between attempts, which go on for as long as the run lasts. */
const RETRY = { attempts: Number.POSITIVE_INFINITY, baseMs: 2000, maxMs: 60_000 }

/** One simulated device: registers, logs in, publishes, and comes back when it was cut off. */
export class SimulatedDevice {
  readonly member: Member
  /** What its last attempt to come up ended with. */
  failure: Refused | ConnectionFailed | undefined
  readonly #shared: Surroundings
  #credentials: Credentials | undefined
  #session: DeviceSession | undefined
  #line: DeviceLine | undefined
  #wake: (() => void) | undefined
  #isStopped = false

  constructor(member: Member, shared: Surroundings) {
    this.member = member
    this.#shared = shared
    this.#credentials = member.credentials
  }

  /** Ends after `stop`, or when the answer says that only an operator can help. `onTried` follows each attempt. */
  async run(onTried: (device: SimulatedDevice) => void): Promise<void> {
    let failures = 0
    while (!this.#isStopped) {
      const line = await this.#attempt()
      if (this.#isStopped) return line?.hangUp()
      onTried(this)
      if (line !== undefined) await this.#stay(line)
      else if (!this.#triesAgain()) return
      failures = line === undefined ? failures + 1 : 0
      await this.#rest(backoffMs(RETRY, Math.max(1, failures), Math.random()))
    }
  }

  /** To be called twice in each Keep Alive. */
  keepAlive(): void {
    this.#session?.keepAlive()
  }

  /** Says DISCONNECT if it is logged in. An attempt that is under way is not waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#wake?.()
    this.#session?.end()
    await this.#line?.hangUp()
  }

  /** Firmware that gets something wrong goes on trying. */
  #triesAgain(): boolean {
    return this.member.misbehaviour !== undefined || this.failure?.retryable !== false
  }

  async #attempt(): Promise<DeviceLine | undefined> {
    const { pace, tally } = this.#shared
    if (!(await pace.enter())) return undefined
    // One that keeps the server waiting must not keep the others waiting.
    const isSlow = this.member.misbehaviour === 'slow'
    if (isSlow) pace.leave()
    try {
      const line = await this.#comeUp()
      this.failure = undefined
      return line
    } catch (error) {
      if (!(error instanceof Refused || error instanceof ConnectionFailed)) throw error
      this.failure = error
      if (!this.#isStopped) tally.noteRefusal(refusalOf(error, this.member.misbehaviour))
      return undefined
    } finally {
      if (!isSlow) pace.leave()
    }
  }

  async #comeUp(): Promise<DeviceLine> {
    if (this.#credentials === undefined) {
      const credentials = await registerMember(this.member, this.#shared)
      await this.#shared.keep(credentials)
      this.#credentials = credentials
    }
    return logInMember(this.member, this.#credentials, this.#shared)
  }

  async #stay(line: DeviceLine): Promise<void> {
    const { tally, messages } = this.#shared
    tally.logins += 1
    tally.connected += 1
    this.#line = line
    this.#session = new DeviceSession(this.member, { line, messages, tally })
    await line.closed
    this.#session.end()
    this.#session = undefined
    this.#line = undefined
    tally.connected -= 1
    if (!this.#isStopped) tally.lost += 1
  }

  #rest(ms: number): Promise<void> {
    return new Promise(resolve => {
      if (this.#isStopped) return resolve()
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function refusalOf(error: Refused | ConnectionFailed, misbehaviour: Member['misbehaviour']) {
  const kind = misbehaviour === undefined ? {} : { misbehaviour }
  if (error instanceof ConnectionFailed)
    return { step: 'connection', code: null, meaning: error.message, ...kind } as const
  const step = error instanceof LoginRefused ? 'login' : 'registration'
  return { step, code: error.code, meaning: error.message, ...kind } as const
}
