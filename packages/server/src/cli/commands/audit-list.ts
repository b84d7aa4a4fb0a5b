import type { Command } from 'commander'
import type { AuditEntry } from '../api-types.ts'
import { printJson, wholeNumber } from '../command.ts'
import type { Io } from '../io.ts'
import { readPages } from '../paging.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { type Column, table } from '../table.ts'
import { localTime, parseSince } from '../times.ts'

const MAX_ENTRIES = 10_000_000

interface ListOptions extends ApiOptions {
  actor?: string
  action?: string
  target?: string
  since?: string
  limit: number
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  { title: 'TIME', value: ({ at }) => localTime(at), keep: true },
  { title: 'WHO', value: ({ actor }) => `${actor.kind} ${actor.name}` },
  { title: 'ACTION', value: ({ action }) => action, keep: true },
  { title: 'TARGET', value: ({ target }) => target },
  { title: 'CHANGE', value: ({ before, after }) => changeText(before, after) },
  { title: 'FROM', value: ({ via, address }) => (address === null ? via : `${via} ${address}`) },
]

function changeText(before: AuditEntry['before'], after: AuditEntry['after']): string {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
  return names.map(name => `${name}: ${shown(before, name)} -> ${shown(after, name)}`).join(', ')
}

const shown = (fields: AuditEntry['before'], name: string): string =>
  fields !== null && name in fields ? JSON.stringify(fields[name]) : '-'

export function addAuditList(group: Command, io: Io): void {
  addApiCommand(group, 'list', {
    description: 'administrative acts; as JSON, one a line and oldest first, they can be kept and verified later',
    examples: [
      'hatchway audit list --since 7d --actor ann',
      'hatchway audit list --json --limit 1000000 > audit.ndjson',
    ],
  })
    .option('--actor <name>', 'only acts of this user or key, by name or id')
    .option('--action <action>', 'only this action, or all that begin so: device.')
    .option('--target <target>', 'only acts on this target, or on all that begin so')
    .option('--since <time>', 'only acts from then on: 10m, 2h, 7d or 2026-01-31T12:00:00Z')
    .option('--limit <number>', 'most acts to print', wholeNumber(1, MAX_ENTRIES), 50)
    .action(async ({ actor, action, target, since, limit, ...options }: ListOptions) => {
      const from = since === undefined ? undefined : parseSince(since, Date.now())
      const query = { actor, action, target, since: from }
      const { items } = await readPages<AuditEntry>(openApi(options, io), '/api/v1/audit', query, limit)
      const oldestFirst = [...items].reverse()
      if (options.json) for (const entry of oldestFirst) printJson(io, entry)
      else if (items.length === 0) io.stdout('No acts match.\n')
      else io.stdout(table(oldestFirst, COLUMNS, io.columns))
    })
}
