import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import type { ApiClient } from '../api-client.ts'
import type { JournalEntry } from '../api-types.ts'
import { choice, printJson, wholeNumber } from '../command.ts'
import { CliError, type Io } from '../io.ts'
import { journalDetails, journalTable } from '../journal-text.ts'
import { type Page, readPages } from '../paging.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { readEvents } from '../server-sent-events.ts'
import { parseSince } from '../times.ts'

interface JournalOptions extends ApiOptions {
  follow?: boolean
  details?: boolean
  productKey?: string
  deviceName?: string
  outcome?: string
  reason?: string
  since?: string
  limit: number
}

const RECONNECT_AFTER_MS = 2000
/** Attempts in a row without a connection before a lost server ends the command. */
const MAX_FAILED_ATTEMPTS = 30

export function addJournal(program: Command, io: Io): void {
  addApiCommand(program, 'journal', {
    description: 'who registered, who was refused, and exactly why',
    examples: [
      'hatchway journal --since 1h --outcome refused --details',
      'hatchway journal --follow --product-key al123456789',
    ],
  })
    .option('--follow', 'stay and print new entries as they come; Ctrl-C ends')
    .option('--details', 'print the sentence, the signed text and the fix of each entry')
    .option('--product-key <key>', 'only entries of this product')
    .option('--device-name <name>', 'only entries of this device')
    .addOption(
      choice('--outcome <word>', 'only this outcome', ['registered', 'admitted', 'refused', 'closed', 'dropped']),
    )
    .option('--reason <code>', 'only this reason code, such as signature-mismatch')
    .option('--since <time>', 'only entries from then on: 10m, 2h, 7d or 2026-01-31T12:00:00Z')
    .option('--limit <number>', 'most entries to print', wholeNumber(1, 100_000), 50)
    .action(async (options: JournalOptions) => {
      const api = openApi(options, io)
      if (options.follow) await follow(api, options, io)
      else await list(api, options, io)
    })
}

function read(api: ApiClient, options: JournalOptions): Promise<Page<JournalEntry>> {
  const { productKey, deviceName, outcome, reason, since, limit } = options
  const query = {
    ...{ productKey, deviceName, outcome, reason },
    since: since === undefined ? undefined : parseSince(since, Date.now()),
  }
  return readPages<JournalEntry>(api, '/api/v1/journal', query, limit)
}

async function list(api: ApiClient, options: JournalOptions, io: Io): Promise<void> {
  const { items, nextCursor } = await read(api, options)
  if (options.json) return printJson(io, { items, nextCursor })
  if (items.length === 0) return io.stdout(emptyText(options))
  // Newest last, next to where the reader's eye is.
  const oldestFirst = [...items].reverse()
  if (options.details) io.stdout(oldestFirst.map(entry => journalDetails(entry, io.columns)).join('\n'))
  else io.stdout(journalTable(oldestFirst, io.columns))
  const more = nextCursor === null ? '' : ' There are older ones: --limit, --since.'
  const hint = options.details ? '' : ' Why and what to do: --details.'
  io.stdout(`\n${items.length} ${items.length === 1 ? 'entry' : 'entries'}.${more}${hint}\n`)
}

function emptyText({ productKey, deviceName, outcome, reason, since }: JournalOptions): string {
  const isFiltered = [productKey, deviceName, outcome, reason, since].some(filter => filter !== undefined)
  if (isFiltered) return 'No entries match. Try fewer filters, or hatchway journal --follow while a device connects.\n'
  return 'The journal is empty: no device has registered or been refused yet. Try hatchway register --help.\n'
}

/** Prints entries until Ctrl-C; a lost connection is resumed where it broke off, so that nothing is missed. */
async function follow(api: ApiClient, options: JournalOptions, io: Io): Promise<void> {
  const stop = io.stopSignal()
  let lastId: string | undefined
  if (options.since !== undefined) {
    const { items } = await read(api, options)
    for (const entry of [...items].reverse()) printEntry(entry, options, io)
    lastId = items[0] === undefined ? undefined : String(items[0].id)
  }
  let hasConnected = false
  for (let failures = 0; !stop.aborted; ) {
    try {
      const headers: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId }
      const body = await api.stream('/api/v1/events', headers, stop)
      if (!hasConnected && !options.json) io.stderr(`Following the journal of ${api.server}. Ctrl-C ends.\n`)
      hasConnected = true
      failures = 0
      for await (const { event, id, data } of readEvents(body)) {
        if (id !== undefined) lastId = id
        if (event === 'journal') printEntry(JSON.parse(data) as JournalEntry, options, io)
      }
    } catch (error) {
      if (stop.aborted) return
      // What the first attempt meets (a bad key, nothing listens) will not mend itself.
      if (!hasConnected) throw error
    }
    if (++failures >= MAX_FAILED_ATTEMPTS) throw new CliError(`${api.server} stays away: gave up following.`)
    await delay(RECONNECT_AFTER_MS, undefined, { signal: stop }).catch(() => undefined)
  }
}

function printEntry(entry: JournalEntry, options: JournalOptions, io: Io): void {
  const { productKey, deviceName, outcome, reason } = options
  if (productKey !== undefined && entry.productKey !== productKey) return
  if (deviceName !== undefined && entry.deviceName !== deviceName) return
  if (outcome !== undefined && entry.outcome !== outcome) return
  if (reason !== undefined && entry.reason !== reason) return
  if (options.json) printJson(io, entry)
  else io.stdout(`${journalDetails(entry, io.columns)}\n`)
}
