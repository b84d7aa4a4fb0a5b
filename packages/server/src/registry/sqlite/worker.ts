import type { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { createSealer, type Sealer } from '../seal.ts'
import type { RegistrationRules } from '../store.ts'
import { BatchFailed, type Call, readBatches, writeBatches } from './batch.ts'
import type { Reply, ThreadNotice, ThreadOptions } from './calls.ts'
import { deviceCalls } from './device-calls.ts'
import { keyCalls } from './key-calls.ts'
import { listCalls } from './list-calls.ts'
import { DatabaseUnusable, type OpenOptions, openForReading, openForWriting } from './open.ts'
import { productCalls } from './product-calls.ts'
import { readCalls } from './read-calls.ts'
import { registrationCalls } from './registration-calls.ts'
import { setAllOffline, upkeepCalls } from './upkeep-calls.ts'
import { createWriter } from './writer.ts'

// A database thread: takes a batch of calls as one JSON text, answers with one JSON text, and says `ready` or why it
// is not.

interface Session {
  db: DatabaseSync
  run: (batch: readonly Call[]) => Reply[]
}

const port = parentPort
if (!port) throw new Error('this module is a worker thread')
const notice = (message: ThreadNotice): void => port.postMessage(message)

try {
  await serve(workerData as ThreadOptions)
  notice({ kind: 'ready' })
} catch (error) {
  if (!(error instanceof DatabaseUnusable)) throw error
  notice({ kind: 'unusable', message: error.message })
  port.close()
}

async function serve(options: ThreadOptions): Promise<void> {
  const sealer = createSealer(options.masterKey)
  const open = await opener(options, sealer)
  let session: Session | undefined = open(options.firstStart !== null)
  const run = (batch: readonly Call[]): Reply[] => {
    try {
      session ??= open(false)
      return session.run(batch)
    } catch (error) {
      const failed = failedBatch(error)
      if (failed.reopen) {
        session?.db.close()
        session = undefined
      }
      return batch.map(() => failed.reply)
    }
  }
  port?.on('message', (text: string) => {
    if (text !== '') return port.postMessage(JSON.stringify(run(JSON.parse(text) as Call[])))
    session?.db.close()
    port.close() // the empty text is the good-bye
  })
}

function failedBatch(error: unknown): { reply: Reply; reopen: boolean } {
  if (error instanceof BatchFailed) {
    const { problem, reason, reopen } = error.problem
    return { reply: { error: `The database can't be used: ${problem}.`, kind: reason }, reopen }
  }
  if (error instanceof DatabaseUnusable)
    return { reply: { error: error.message, kind: 'store-unavailable' }, reopen: true }
  throw error // a bug: the thread ends and is started anew
}

async function opener(options: ThreadOptions, sealer: Sealer): Promise<(create: boolean) => Session> {
  const { file, busyTimeoutMs, sizeLimitBytes, journalLimit, role } = options
  const openOptions = (create: boolean): OpenOptions => ({ file, sealer, busyTimeoutMs, sizeLimitBytes, create })
  if (role !== 'write') {
    return () => {
      const db = openForReading(openOptions(false))
      return { db, run: readBatches(role === 'read' ? readCalls(db, sealer) : listCalls(db)) }
    }
  }
  const rules = await loadRules(options.rulesModule)
  return create => {
    const db = openForWriting(openOptions(create))
    if (create && options.firstStart) setAllOffline(db, options.firstStart.now)
    const writer = createWriter(db, { sealer, rules, journalLimit })
    const calls = {
      ...registrationCalls(writer),
      ...productCalls(writer),
      ...deviceCalls(writer),
      ...keyCalls(writer),
      ...upkeepCalls(writer),
    }
    return { db, run: writeBatches(writer, calls) }
  }
}

async function loadRules(module: string): Promise<RegistrationRules> {
  const { rules } = (await import(module)) as { rules?: Partial<RegistrationRules> }
  const { decideRegistration } = rules ?? {}
  if (typeof decideRegistration !== 'function')
    throw new TypeError(`${module} exports no rules with decideRegistration`)
  return { decideRegistration }
}
