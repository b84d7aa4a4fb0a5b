import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { secretLoginConnect } from '@hatchway/protocol'
import type { BenchServerReady } from './bench-server.ts'
import { Child, type Program } from './child.ts'
import { SERVER_CORE } from './machine.ts'
import { deviceNameOf, type Login } from './mqtt-bytes.ts'
import type { PeerName } from './peer-programs.ts'
import { startPeer } from './peers.ts'

export type BrokerName = 'hatchway' | PeerName

/** A broker under measurement, and how one logs in to it. */
export interface RunningBroker {
  port: number
  program: Program
  productKey: string
  deviceLogin(index: number): Login
  applicationLogin(index: number): Login
}

const DEVICES = 100
const PEER_PRODUCT = 'benchproduc' // as long as a ProductKey

/** Starts each broker when it is first needed and keeps it. */
export class Brokers {
  readonly #folder: string
  readonly #profileFolder: string
  readonly #running = new Map<BrokerName, RunningBroker>()
  #starts = 0

  /** With a folder for profiles Hatchway runs with --cpu-prof and writes one there when it is stopped. */
  constructor(folder: string, profileFolder: string) {
    this.#folder = folder
    this.#profileFolder = profileFolder
  }

  async get(name: BrokerName): Promise<RunningBroker> {
    const known = this.#running.get(name)
    if (known !== undefined) return known
    const folder = join(this.#folder, `${name}-${this.#starts++}`)
    mkdirSync(folder)
    const broker =
      name === 'hatchway' ? await startHatchway(folder, this.#profileFolder) : await startPeerBroker(name, folder)
    this.#running.set(name, broker)
    return broker
  }

  async restart(name: BrokerName): Promise<void> {
    const broker = this.#running.get(name)
    this.#running.delete(name)
    await broker?.program.stop()
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ program }) => program.stop()))
    this.#running.clear()
  }
}

/** With a port it relays to the broker there. */
export async function startHatchway(
  folder: string,
  profileFolder: string,
  upstreamPort?: number,
): Promise<RunningBroker> {
  const nodeArgs = profileFolder === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]
  const upstream = upstreamPort === undefined ? [] : [String(upstreamPort)]
  const script = fileURLToPath(new URL('bench-server.ts', import.meta.url))
  const program = new Child(SERVER_CORE, script, [folder, String(DEVICES), ...upstream], { nodeArgs })
  try {
    const { port, productKey, deviceSecrets, application } = await program.message<BenchServerReady>()
    return {
      port,
      program,
      productKey,
      deviceLogin: index => {
        const deviceSecret = deviceSecrets[index]
        if (deviceSecret === undefined) throw new RangeError(`there is no device ${index}`)
        return secretLoginConnect({ productKey, deviceName: deviceNameOf(index), deviceSecret, secureMode: 3 })
      },
      applicationLogin: index => {
        return { clientId: `application${index}`, userName: application.id, password: application.secret }
      },
    }
  } catch (error) {
    await program.stop()
    throw error
  }
}

export async function startPeerBroker(name: PeerName, folder: string): Promise<RunningBroker> {
  const { port, program } = await startPeer(name, { folder })
  return {
    port,
    program,
    productKey: PEER_PRODUCT,
    deviceLogin: index => ({ clientId: deviceNameOf(index) }),
    applicationLogin: index => ({ clientId: `application${index}` }),
  }
}
