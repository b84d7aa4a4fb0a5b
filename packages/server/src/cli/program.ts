import { Command } from 'commander'
import { version } from '../app/version.ts'
import { addAudit } from './commands/audit.ts'
import { addConnect } from './commands/connect.ts'
import { addDemo } from './commands/demo.ts'
import { addDevice } from './commands/device.ts'
import { addExplain } from './commands/explain.ts'
import { addJournal } from './commands/journal.ts'
import { addKey } from './commands/key.ts'
import { addMigrateStore } from './commands/migrate-store.ts'
import { addProduct } from './commands/product.ts'
import { addRegister } from './commands/register.ts'
import { addServe } from './commands/serve.ts'
import { addSimulate } from './commands/simulate.ts'
import { addStats } from './commands/stats.ts'
import { addUser } from './commands/user.ts'
import type { Io } from './io.ts'

const EXIT_CODES = 'Exit codes: 0 done, 1 refused or failed, 2 used wrongly.'
const START = 'First steps: hatchway demo, or hatchway serve and then hatchway product create "My product".'

/** The whole command line. Wrong uses throw CommanderError after telling the user. */
export function buildProgram(io: Io): Command {
  const program = new Command('hatchway')
    .description('Gives each connected device its own identity on its first connection.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ minWidthToWrap: 30 })
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: text => io.stdout(text),
      writeErr: text => io.stderr(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'hatchway: ')),
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
    })
    .addHelpText('after', `\n${START}\n${EXIT_CODES}`)
    .showHelpAfterError('See: hatchway --help')
  for (const add of COMMANDS) add(program, io)
  return program
}

const COMMANDS: readonly ((program: Command, io: Io) => void)[] = [
  addServe,
  addDemo,
  addProduct,
  addDevice,
  addKey,
  addUser,
  addAudit,
  addJournal,
  addExplain,
  addStats,
  addRegister,
  addConnect,
  addSimulate,
  addMigrateStore,
]
