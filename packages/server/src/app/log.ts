import { type Logger, pino } from 'pino'

export type Log = Logger

/** Logs JSON lines to stderr, so that stdout stays for what a command prints. Secrets have no field to be logged in. */
export function createLog(level: string): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: false }),
  )
}
