import { ConnectionFailed, CredentialsInvalid, InvalidOption, Refused } from '@hatchway/device'
import { CommanderError } from 'commander'
import { AlreadyTold, CliError, type Io } from './io.ts'
import { printable } from './printable.ts'
import { buildProgram } from './program.ts'

/** Runs one command line (without node and script). Resolves with the exit code: 0, 1 refused or failed, 2 used wrongly. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  try {
    await buildProgram(io).parseAsync(argv, { from: 'user' })
    return 0
  } catch (error) {
    return report(error, io)
  }
}

function report(error: unknown, io: Io): number {
  // Commander has written its sentence itself; its exit codes other than 0 all mean a wrong use.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof AlreadyTold) return 1
  const { message, exitCode } = conclusion(error)
  io.stderr(`hatchway: ${message}\n`)
  return exitCode
}

function conclusion(error: unknown): { message: string; exitCode: number } {
  if (error instanceof CliError) return { message: error.message, exitCode: error.exitCode }
  if (error instanceof InvalidOption) return { message: `--${kebab(error.option)}: ${problemOf(error)}`, exitCode: 2 }
  if (error instanceof Refused || error instanceof ConnectionFailed || error instanceof CredentialsInvalid) {
    return { message: printable(error.message), exitCode: 1 }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { message: `failed unexpectedly: ${printable(message)}`, exitCode: 1 }
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
const problemOf = (error: InvalidOption): string => error.message.slice(error.option.length + 2)
