import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { ChainCheck, type ChainVerdict } from '../../registry/audit/index.ts'
import type { AuditEntry } from '../api-types.ts'
import { printJson } from '../command.ts'
import { AlreadyTold, CliError, type Io } from '../io.ts'
import { printable } from '../printable.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

export function addAuditVerify(group: Command, io: Io): void {
  addApiCommand(group, 'verify', {
    description: 'check that no entry of the audit log was changed or removed',
    examples: ['hatchway audit verify', 'hatchway audit verify --file audit.ndjson'],
  })
    .option('--file <file>', 'check a file that hatchway audit list --json wrote, without a server')
    .action(async ({ file, ...options }: ApiOptions & { file?: string }) => {
      const verdict = file === undefined ? await fromServer(options, io) : await fromFile(resolve(io.cwd, file))
      if (options.json) printJson(io, verdict)
      else io.stdout(verdictText(verdict))
      if (!verdict.ok) throw new AlreadyTold()
    })
}

const fromServer = (options: ApiOptions, io: Io): Promise<ChainVerdict> =>
  openApi(options, io).get<ChainVerdict>('/api/v1/audit/verify')

async function fromFile(file: string): Promise<ChainVerdict> {
  const check = new ChainCheck()
  const input = createReadStream(file)
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  let line = 0
  try {
    for await (const text of lines) {
      line += 1
      if (text.trim() !== '' && !check.take(entryOf(text))) break
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw new CliError(`--file: ${(error as Error).message}.`, { cause: error })
    throw new CliError(`--file: line ${line} is no entry of an audit log. Give what hatchway audit list --json wrote.`)
  } finally {
    lines.close()
    input.destroy()
  }
  return check.verdict
}

function entryOf(text: string): Parameters<ChainCheck['take']>[0] {
  const entry = JSON.parse(text) as Partial<AuditEntry> | null
  if (typeof entry?.id !== 'number' || entry.actor === undefined) throw new SyntaxError('no entry')
  const { at = '', ...rest } = entry as AuditEntry // whatever is missing in it makes another hash
  return { ...rest, at: Date.parse(at) }
}

function verdictText({ ok, entries, lastHash, problem }: ChainVerdict): string {
  const good = `${entries} ${entries === 1 ? 'entry is' : 'entries are'} what was written.`
  if (!ok) return `The audit log is not intact: ${printable(problem ?? '')}.\nBefore that, ${good}\n`
  return `The audit log is intact: ${good}\nLast hash: ${lastHash}\n`
}
