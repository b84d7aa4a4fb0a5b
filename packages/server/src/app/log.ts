import { type Logger, pino } from 'pino'
import { StoreUnavailable } from '../registry/index.ts'

export type Log = Logger

/** Logs JSON lines to stderr, so that stdout stays for what a command prints. Secrets have no field to be logged in. */
export function createLog(level: string): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: false }),
  )
}

/** Where rooms tell what failed beside any request: a database that is away is no fault of the program. */
export function errorsTo(log: Log): (error: unknown) => void {
  return error => {
    if (error instanceof StoreUnavailable)
      log.warn({ reason: error.reason, problem: error.message }, 'store unavailable')
    else log.error({ err: error }, 'internal error')
  }
}
