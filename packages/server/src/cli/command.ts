import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Io } from './io.ts'
import { safeJson } from './printable.ts'

export interface CommandText {
  description: string
  /** Whole command lines, ready to paste. */
  examples: readonly string[]
}

/** A command with what every command has: `--json`, examples in its help, and a pointer to the help after a wrong use. */
export function addCommand(parent: Command, nameAndArguments: string, { description, examples }: CommandText): Command {
  const command = parent.command(nameAndArguments).description(description)
  command.option('--json', 'machine-readable output, one JSON document a line')
  return finish(command, examples)
}

/** A command that only holds others, such as `product`. */
export function addGroup(parent: Command, name: string, { description, examples }: CommandText): Command {
  return finish(parent.command(name).description(description).helpCommand(false), examples)
}

function finish(command: Command, examples: readonly string[]): Command {
  const path = pathOf(command)
  command.addHelpText('after', `\nExamples:\n${examples.map(example => `  $ ${example}`).join('\n')}`)
  command.showHelpAfterError(`See: ${path} --help`)
  // Names only: with all their arguments, the list of subcommands would leave no room for what they do.
  command.configureHelp({ ...command.configureHelp(), subcommandTerm: subcommand => subcommand.name() })
  return command.allowExcessArguments(false)
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

export function printJson(io: Io, value: unknown): void {
  io.stdout(`${safeJson(value)}\n`)
}

/** For `argParser`: a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`)
  }
}

/** For `argParser`: `on` or `off`. */
export function onOff(text: string): boolean {
  if (text === 'on' || text === 'true') return true
  if (text === 'off' || text === 'false') return false
  throw new InvalidArgumentError('Give on or off.')
}

/** For `argParser`: may be given several times, or as a comma list. */
export function collect(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), ...text.split(',').map(piece => piece.trim())]
}

export const choice = (flags: string, description: string, choices: readonly string[]): Option =>
  new Option(flags, description).choices(choices)
