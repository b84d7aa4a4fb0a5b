import type { DatabaseSync } from 'node:sqlite'
import type { MessagePort } from 'node:worker_threads'
import type { Call, CallMessage, Reply, ThreadNotice } from './messages.ts'
import { DatabaseUnusable } from './sqlite-file.ts'
import { type StorageProblem, storageProblem } from './storage-error.ts'

/** The storage failed, so the whole batch did: nothing of it is in the database. */
export class BatchFailed extends Error {
  override readonly name = 'BatchFailed'
  readonly problem: StorageProblem

  constructor(problem: StorageProblem, cause: unknown) {
    super(problem.problem, { cause })
    this.problem = problem
  }
}

/** What ends a batch: BatchFailed where the storage is to blame, else the error itself, which is a bug. */
export function batchError(error: unknown): unknown {
  const problem = storageProblem(error)
  return problem === undefined ? error : new BatchFailed(problem, error)
}

export interface OpenDatabase {
  readonly db: DatabaseSync
  /** Answers each call of a batch. Throws BatchFailed. */
  readonly run: (batch: readonly Call[]) => Reply[]
}

/**
 * The answering side of a database thread: takes a batch of calls as one JSON text (and bytes beside it), answers with one JSON text, and says
 * `ready` or why it is not. A database past saving is opened anew before the next batch.
 */
export async function serveDatabase(
  port: MessagePort,
  prepare: () => Promise<(isFirst: boolean) => OpenDatabase>,
): Promise<void> {
  const notice = (message: ThreadNotice): void => port.postMessage(message)
  try {
    const open = await prepare()
    answerBatches(port, open)
    notice({ kind: 'ready' })
  } catch (error) {
    if (!(error instanceof DatabaseUnusable)) throw error
    notice({ kind: 'unusable', message: error.message })
    port.close()
  }
}

function answerBatches(port: MessagePort, open: (isFirst: boolean) => OpenDatabase): void {
  let database: OpenDatabase | undefined = open(true)
  const run = (batch: readonly Call[]): Reply[] => {
    try {
      database ??= open(false)
      return database.run(batch)
    } catch (error) {
      const failed = failedBatch(error)
      if (failed.reopen) {
        database?.db.close()
        database = undefined
      }
      return batch.map(() => failed.reply)
    }
  }
  port.on('message', (message: CallMessage) => {
    if (message !== '') return port.postMessage(JSON.stringify(run(callsOf(message))))
    database?.db.close()
    port.close() // the empty text is the good-bye
  })
}

function callsOf(message: CallMessage): Call[] {
  if (typeof message === 'string') return JSON.parse(message) as Call[]
  const calls = JSON.parse(message.calls) as Call[]
  return calls.map(([name, argument], at): Call => [name, argument, message.bytes.get(at)])
}

function failedBatch(error: unknown): { reply: Reply; reopen: boolean } {
  if (error instanceof BatchFailed) {
    const { problem, reason, reopen } = error.problem
    return { reply: { error: `The database can't be used: ${problem}.`, kind: reason }, reopen }
  }
  if (error instanceof DatabaseUnusable) {
    return { reply: { error: error.message, kind: 'store-unavailable' }, reopen: true }
  }
  throw error // a bug: the thread ends and is started anew
}
