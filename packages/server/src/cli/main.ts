import { processIo } from './process-io.ts'
import { runCli } from './run.ts'

/** For what a command left open; there should be nothing. */
const EXIT_LIMIT_MS = 1000

// Started by the launcher on an older Node: if that one is killed hard, so is this one, and no server is left behind.
if (process.channel !== undefined) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel.unref()
}
// Of the launcher only: what this process starts is none of its business.
delete process.env['HATCHWAY_RELAUNCHED']

process.exitCode = await runCli(process.argv.slice(2), processIo())
setTimeout(() => process.exit(), EXIT_LIMIT_MS).unref()
