import type { Call, CallMap, Reply } from '../../storage/messages.ts'
import { batchError } from '../../storage/serve-database.ts'
import { rollBack } from '../../storage/sqlite-file.ts'
import { sqliteCode, storageProblem } from '../../storage/storage-error.ts'
import { Conflict, InvalidCursor } from '../store.ts'
import type { Writer } from './writer.ts'

/**
 * Runs changing calls in one transaction: one wait for the disk for all of them. One that fails spoils only itself: the
 * batch is then run again, each call in a savepoint of its own. When this returns, all that the replies tell is durable.
 *
 * @throws BatchFailed
 */
export function writeBatches(writer: Writer, calls: CallMap): (batch: readonly Call[]) => Reply[] {
  const { db, counters, journal, products } = writer
  const [begin, commit] = [db.prepare('BEGIN IMMEDIATE'), db.prepare('COMMIT')]
  const inTransaction = (batch: readonly Call[], runOne: (call: Call) => Reply): Reply[] => {
    begin.run()
    products.forget()
    counters.forgetSince(0)
    const replies = batch.map(runOne)
    counters.flush()
    journal.prune()
    commit.run()
    return replies
  }
  const runPlainly = (call: Call): Reply => answer(calls, call)
  const runInSavepoint = inSavepoint(writer, calls)
  return batch => {
    try {
      try {
        return inTransaction(batch, runPlainly)
      } catch (error) {
        if (storageProblem(error)) throw error
        rollBack(db)
        return inTransaction(batch, runInSavepoint)
      }
    } catch (error) {
      rollBack(db)
      throw batchError(error)
    }
  }
}

function inSavepoint({ db, counters, products }: Writer, calls: CallMap): (call: Call) => Reply {
  const savepoint = db.prepare('SAVEPOINT call')
  const release = db.prepare('RELEASE call')
  const rollBackTo = db.prepare('ROLLBACK TO call')
  return call => {
    savepoint.run()
    const mark = counters.mark()
    let reply: Reply
    try {
      reply = answer(calls, call)
    } catch (error) {
      if (storageProblem(error)) throw error
      rollBackTo.run()
      counters.forgetSince(mark)
      products.forget()
      reply = failure(error)
    }
    release.run()
    return reply
  }
}

/** Runs reading calls one by one. */
export function readBatches(calls: CallMap): (batch: readonly Call[]) => Reply[] {
  return batch =>
    batch.map(call => {
      try {
        return answer(calls, call)
      } catch (error) {
        if (storageProblem(error)) throw batchError(error)
        return failure(error)
      }
    })
}

function answer(calls: CallMap, [name, argument]: Call): Reply {
  const run = calls[name]
  if (!run) throw new Error(`there is no call ${name}`)
  return { value: run(argument as never) } // the asking side is typed by the same table
}

function failure(error: unknown): Reply {
  if (error instanceof InvalidCursor) return { error: error.message, kind: 'cursor' }
  if (error instanceof Conflict) return { error: error.message, kind: 'conflict', reason: error.reason }
  const code = sqliteCode(error)
  const message = error instanceof Error ? error.message : String(error)
  return { error: code === undefined ? message : `SQLite ${code}: ${message}`, kind: 'failed' }
}
