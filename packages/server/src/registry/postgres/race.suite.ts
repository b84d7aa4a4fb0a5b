import { randomBytes } from 'node:crypto'
import { rules } from '../../onboarding/rules.ts'
import { newEntry } from '../store-fixture.suite.ts'
import { createPostgresStore } from './postgres-store.ts'

// Run as a process of its own beside another one: registers a few devices in both modes again and again, and prints
// what was issued, one JSON line each. Every fifth unit that got a ClientID logs in with it.

export interface Issued {
  mode: 'register' | 'regnwl'
  deviceName: string
  journalId: number
  /** The DeviceSecret or the ClientID. */
  credential: string
  loggedIn: boolean
  created: boolean
}

export const RACED_DEVICES = 3
export const RACED_REGISTRATIONS = 500
const PARALLEL = 25

async function race(url: string, masterKeyHex: string, productKey: string): Promise<void> {
  const masterKey = Buffer.from(masterKeyHex, 'hex')
  const store = await createPostgresStore({ url, masterKey, rules, callTimeoutMs: 30_000 })
  let next = 0
  const unit = async (at: number): Promise<void> => {
    const mode = at % 2 === 0 ? 'register' : 'regnwl'
    const deviceName = `${mode}-${at % RACED_DEVICES}`
    const credential = randomBytes(16).toString('hex')
    const fresh =
      mode === 'register'
        ? { deviceSecret: credential }
        : { clientId: credential, tokenHash: credential.padEnd(64, 'f') }
    const now = Date.now()
    const journal = newEntry({ time: now, outcome: 'registered', reason: 'registered', mode, productKey, deviceName })
    const outcome = await store.register({ mode, productKey, deviceName, now, fresh, journal })
    if (!outcome.ok) {
      if (outcome.reason !== 'slots-full') throw new Error(outcome.reason)
      return
    }
    const login = 'clientId' in fresh && at % 5 === 0
    const loggedIn = login && (await store.activate({ productKey, deviceName, now, credential: fresh })).ok
    const issued: Issued = {
      mode,
      deviceName,
      credential,
      loggedIn,
      journalId: outcome.journal.id,
      created: outcome.created,
    }
    process.stdout.write(`${JSON.stringify(issued)}\n`)
  }
  const units = async (): Promise<void> => {
    while (next < RACED_REGISTRATIONS) await unit(next++)
  }
  await Promise.all(Array.from({ length: PARALLEL }, units))
  await store.close()
}

const [url, masterKeyHex = '', productKey = ''] = process.argv.slice(2)
if (process.argv[1] === import.meta.filename && url !== undefined) await race(url, masterKeyHex, productKey)
