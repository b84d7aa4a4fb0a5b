import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Device } from '../api-types.ts'
import { choice } from '../command.ts'
import { type Io, usageError } from '../io.ts'
import { productKeyArgument, productPath } from '../names.ts'
import { pages } from '../paging.ts'
import { safeJson } from '../printable.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { DEVICE_STATUSES } from './device-list.ts'

interface ExportOptions extends ApiOptions {
  out?: string
  names?: boolean
  search?: string
  status?: string
}

type CsvColumn = readonly [title: string, value: (device: Device) => string | number | null]

/** What `device import` takes. */
const NAME_COLUMNS: readonly CsvColumn[] = [
  ['deviceName', ({ deviceName }) => deviceName],
  ['productKey', ({ productKey }) => productKey],
]
const ALL_COLUMNS: readonly CsvColumn[] = [
  ...NAME_COLUMNS,
  ['status', ({ status }) => status],
  ['clientIds', ({ clientIds }) => clientIds.length],
  ['createdAt', ({ createdAt }) => createdAt],
  ['activatedAt', ({ activatedAt }) => activatedAt],
  ['lastOnlineAt', ({ lastOnlineAt }) => lastOnlineAt],
  ['address', ({ address }) => address],
]

export function addDeviceExport(group: Command, io: Io): void {
  addApiCommand(group, 'export', {
    description: 'write all devices of a product as CSV (with --json: one JSON object a line); never with secrets',
    examples: ['hatchway device export al123456789 --out devices.csv', 'hatchway device export al123456789 --names'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .option('--out <file>', 'write to this file instead of stdout')
    .option('--names', 'only deviceName and productKey, as device import takes them')
    .option('--search <text>', 'only names with this in them, any case')
    .addOption(choice('--status <word>', 'only devices with this status', DEVICE_STATUSES))
    .action((productKey: string, options: ExportOptions) => runExport(productKey, options, io))
}

async function runExport(productKey: string, options: ExportOptions, io: Io): Promise<void> {
  const { out, search, status } = options
  const path = `${productPath(productKey)}/devices`
  const chunks = exportChunks(pages<Device>(openApi(options, io), path, { search, status }, Infinity), options)
  if (out === undefined) {
    for await (const chunk of chunks) io.stdout(chunk.text)
    return
  }
  const file = await open(resolve(io.cwd, out), 'w').catch((error: NodeJS.ErrnoException) => {
    throw usageError(`--out: can't write ${out} (${error.code ?? error.message}). Check the path and its rights.`)
  })
  let count = 0
  try {
    for await (const chunk of chunks) {
      await file.write(chunk.text)
      count += chunk.count
    }
  } finally {
    await file.close()
  }
  io.stderr(`Wrote ${count} ${count === 1 ? 'device' : 'devices'} to ${out}.\n`)
}

async function* exportChunks(
  source: AsyncIterable<{ items: readonly Device[] }>,
  { json, names }: ExportOptions,
): AsyncGenerator<{ text: string; count: number }> {
  const columns = names ? NAME_COLUMNS : ALL_COLUMNS
  let isFirst = true
  for await (const { items } of source) {
    const lines = items.map(device =>
      json ? safeJson(device) : columns.map(([, value]) => csvCell(value(device))).join(','),
    )
    if (isFirst && !json) lines.unshift(columns.map(([title]) => title).join(','))
    isFirst = false
    yield { text: lines.map(line => `${line}\n`).join(''), count: items.length }
  }
}

function csvCell(value: string | number | null): string {
  const text = value === null ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
