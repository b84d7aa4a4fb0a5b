import type { Command } from 'commander'
import type { Io } from '../packages/server/src/cli/io.ts'
import { buildProgram } from '../packages/server/src/cli/program.ts'
import { code, markdownTable } from './docs-markers.ts'

const COLUMNS = 100

interface Documented {
  /** `hatchway product create`. */
  path: string
  description: string
  help: string
}

/** Every command that does something, with the text of its `--help`. */
export function documentedCommands(): Documented[] {
  let written = ''
  const program = buildProgram(silentIo(text => (written += text)))
  const helpOf = (command: Command): string => {
    written = ''
    command.outputHelp()
    return written.trim()
  }
  const walk = (command: Command, path: string): Documented[] => {
    if (command.commands.length > 0) return command.commands.flatMap(child => walk(child, `${path} ${child.name()}`))
    return [{ path, description: command.description(), help: helpOf(command) }]
  }
  return walk(program, program.name())
}

export function commandTable(): string {
  const rows = documentedCommands().map(({ path, description }) => [`[${code(path)}](#${anchor(path)})`, description])
  return markdownTable(['command', 'what it does'], rows)
}

export function commandSections(): string {
  return documentedCommands()
    .map(({ path, help }) => `### ${path}\n\n\`\`\`text\n${help}\n\`\`\``)
    .join('\n\n')
}

const anchor = (path: string): string => path.replaceAll(' ', '-')

/** The command line without a process: nothing is run, only described. */
function silentIo(stdout: (text: string) => void): Io {
  const unused = (): never => {
    throw new Error('a help text needs no input')
  }
  return {
    stdout,
    stderr: stdout,
    readStdin: unused,
    ask: unused,
    askSecret: unused,
    env: {},
    cwd: '/',
    isInteractive: false,
    isTerminal: false,
    isJournaled: false,
    columns: COLUMNS,
    stopSignal: unused,
    fetch: unused,
    trustCa: unused,
    loadApp: unused,
  }
}
