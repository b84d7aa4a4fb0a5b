import { parentPort, workerData } from 'node:worker_threads'
import type { Call, CallMap, Reply } from '../../../../storage/messages.ts'
import { batchError, type OpenDatabase, serveDatabase } from '../../../../storage/serve-database.ts'
import { openWritable, rollBack } from '../../../../storage/sqlite-file.ts'
import type { StoreThreadOptions } from './calls.ts'
import { commitCalls } from './commit-calls.ts'
import { loadCalls } from './load-calls.ts'
import { MIGRATIONS } from './migrations.ts'

const CACHE_KIB = 16_000
const CHECKPOINT_PAGES = 4000

const port = parentPort
if (!port) throw new Error('this module is a worker thread')
const options = workerData as StoreThreadOptions
await serveDatabase(port, async () => open)

function open(isFirst: boolean): OpenDatabase {
  const { file, busyTimeoutMs, create } = options
  const access = { file, busyTimeoutMs, create: isFirst && create, cacheKib: CACHE_KIB }
  const db = openWritable({ ...access, checkpointPages: CHECKPOINT_PAGES, migrations: MIGRATIONS }, () => undefined)
  const calls: CallMap = { ...commitCalls(db), ...loadCalls(db) }
  const [begin, commit] = [db.prepare('BEGIN IMMEDIATE'), db.prepare('COMMIT')]
  const answer = ([name, argument, bytes]: Call): Reply => {
    const run = calls[name]
    if (run === undefined) throw new Error(`there is no call ${name}`)
    return { value: run(argument as never, bytes) } // the asking side is typed by the same table
  }
  return {
    db,
    run: batch => {
      try {
        begin.run()
        const replies = batch.map(answer)
        commit.run()
        return replies
      } catch (error) {
        rollBack(db)
        throw batchError(error)
      }
    },
  }
}
