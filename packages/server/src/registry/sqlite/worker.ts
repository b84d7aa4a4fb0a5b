import { parentPort, workerData } from 'node:worker_threads'
import { type OpenDatabase, serveDatabase } from '../../storage/serve-database.ts'
import { createSealer, type Sealer } from '../seal.ts'
import type { RegistrationRules } from '../store.ts'
import { accountCalls } from './account-calls.ts'
import { auditCalls } from './audit-calls.ts'
import { readBatches, writeBatches } from './batch.ts'
import type { ThreadOptions } from './calls.ts'
import { deviceCalls } from './device-calls.ts'
import { keyCalls } from './key-calls.ts'
import { listCalls } from './list-calls.ts'
import { type OpenOptions, openForReading, openForWriting } from './open.ts'
import { productCalls } from './product-calls.ts'
import { readCalls } from './read-calls.ts'
import { registrationCalls } from './registration-calls.ts'
import { setAllOffline, upkeepCalls } from './upkeep-calls.ts'
import { createWriter } from './writer.ts'

const port = parentPort
if (!port) throw new Error('this module is a worker thread')
const options = workerData as ThreadOptions
await serveDatabase(port, () => opener(options, createSealer(options.masterKey)))

async function opener(options: ThreadOptions, sealer: Sealer): Promise<(isFirst: boolean) => OpenDatabase> {
  const { file, busyTimeoutMs, sizeLimitBytes, journalLimit, role } = options
  const openOptions = (create: boolean): OpenOptions => ({ file, sealer, busyTimeoutMs, sizeLimitBytes, create })
  if (role !== 'write') {
    return () => {
      const db = openForReading(openOptions(false))
      return { db, run: readBatches(role === 'read' ? readCalls(db, sealer) : listCalls(db)) }
    }
  }
  const rules = await loadRules(options.rulesModule)
  return isFirst => {
    const create = isFirst && options.firstStart !== null
    const db = openForWriting(openOptions(create))
    if (create && options.firstStart) setAllOffline(db, options.firstStart.now)
    const writer = createWriter(db, { sealer, rules, journalLimit })
    const calls = {
      ...registrationCalls(writer),
      ...productCalls(writer),
      ...deviceCalls(writer),
      ...keyCalls(writer),
      ...accountCalls(writer),
      ...upkeepCalls(writer),
    }
    return { db, run: writeBatches(writer, { ...calls, ...auditCalls(db, calls) }) }
  }
}

async function loadRules(module: string): Promise<RegistrationRules> {
  const { rules } = (await import(module)) as { rules?: Partial<RegistrationRules> }
  const { decideRegistration } = rules ?? {}
  if (typeof decideRegistration !== 'function')
    throw new TypeError(`${module} exports no rules with decideRegistration`)
  return { decideRegistration }
}
