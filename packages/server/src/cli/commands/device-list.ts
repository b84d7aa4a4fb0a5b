import type { Command } from 'commander'
import type { Device } from '../api-types.ts'
import { choice, printJson, wholeNumber } from '../command.ts'
import type { Io } from '../io.ts'
import { countLine } from '../listing.ts'
import { productKeyArgument, productPath } from '../names.ts'
import { readPages } from '../paging.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { type Column, table } from '../table.ts'
import { localTime } from '../times.ts'

interface ListOptions extends ApiOptions {
  search?: string
  status?: string
  limit: number
}

export const DEVICE_STATUSES = ['UNACTIVE', 'ONLINE', 'OFFLINE', 'DISABLE'] as const

const COLUMNS: readonly Column<Device>[] = [
  { title: 'DEVICENAME', value: ({ deviceName }) => deviceName, keep: true },
  { title: 'STATUS', value: ({ status }) => status, keep: true },
  { title: 'CLIENTIDS', value: ({ clientIds }) => clientIds.length || null, align: 'right' },
  { title: 'LAST ON LINE', value: ({ lastOnlineAt }) => localTime(lastOnlineAt) },
  { title: 'ADDRESS', value: ({ address }) => address },
]

export function addDeviceList(group: Command, io: Io): void {
  addApiCommand(group, 'list', {
    description: 'list devices of a product',
    examples: ['hatchway device list al123456789', 'hatchway device list al123456789 --status ONLINE --search SN-'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .option('--search <text>', 'only names with this in them, any case')
    .addOption(choice('--status <word>', 'only devices with this status', DEVICE_STATUSES))
    .option('--limit <number>', 'most devices to list', wholeNumber(1, 10_000_000), 200)
    .action(async (productKey: string, options: ListOptions) => {
      const { search, status, limit } = options
      const path = `${productPath(productKey)}/devices`
      const page = await readPages<Device>(openApi(options, io), path, { search, status }, limit)
      if (options.json) return printJson(io, page)
      if (page.items.length === 0) return io.stdout(emptyText(productKey, options))
      io.stdout(table(page.items, COLUMNS, io.columns) + countLine(page, { one: 'device', many: 'devices' }))
    })
}

function emptyText(productKey: string, { search, status }: ListOptions): string {
  if (search !== undefined || status !== undefined) return 'No devices match. Try without --search and --status.\n'
  return `No devices yet. Create one: hatchway device add ${productKey} DEVICENAME\n`
}
