import type { Command } from 'commander'
import type { Stats } from '../api-types.ts'
import { printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { facts } from '../table.ts'
import { localTime } from '../times.ts'

export function addStats(program: Command, io: Io): void {
  addApiCommand(program, 'stats', {
    description: 'figures of the running server',
    examples: ['hatchway stats', 'hatchway stats --json'],
  }).action(async (options: ApiOptions) => {
    const stats = await openApi(options, io).get<Stats>('/api/v1/stats')
    if (options.json) printJson(io, stats)
    else io.stdout(statsText(stats))
  })
}

function statsText({ version, startedAt, registry, gateway, broker, journalDropped }: Stats): string {
  return facts([
    ['Version', version],
    ['Running since', localTime(startedAt)],
    ['Products', registry.products],
    ['Devices', `${registry.devices}, ${registry.activated} activated, ${registry.disabled} disabled`],
    ['On line', registry.online],
    ['ClientIDs', registry.clientIds],
    ['Connections', listed(gateway.connections)],
    ['Accepted', `${gateway.accepted} since the start`],
    ['Turned away', listed(gateway.rejected)],
    ['Sessions', sessionsText(broker)],
    ['Messages in', listed(broker.messagesIn)],
    ['Messages out', listed(broker.messagesOut)],
    ['Bytes', `${broker.bytesIn} in, ${broker.bytesOut} out, ${broker.queuedBytes} queued`],
    ['Dropped', listed(broker.dropped)],
    ['Journal', `${registry.journalEntries} entries`],
    ['Not journaled', listed(journalDropped)],
  ])
}

function sessionsText({ sessions, connections, subscriptions }: Stats['broker']): string {
  if (sessions === null || subscriptions === null) return `${connections} connected; the MQTT cluster keeps them`
  return `${sessions}, ${connections} connected, ${subscriptions} subscriptions`
}

/** `tls 3, tcp 1`; without zeros. */
function listed(figures: Readonly<Record<string, number>>): string {
  const shown = Object.entries(figures).filter(([, value]) => value > 0)
  return shown.length === 0 ? '0' : shown.map(([name, value]) => `${name} ${value}`).join(', ')
}
