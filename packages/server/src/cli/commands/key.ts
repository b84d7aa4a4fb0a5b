import type { Command } from 'commander'
import { addGroup } from '../command.ts'
import type { Io } from '../io.ts'
import { addKeyCreate } from './key-create.ts'
import { addKeyList } from './key-list.ts'
import { addKeyRevoke } from './key-revoke.ts'

export function addKey(program: Command, io: Io): void {
  const group = addGroup(program, 'key', {
    description: 'API keys: for people, for scripts, and for applications that connect by MQTT',
    examples: ['hatchway key create "Billing" --role application --product al123456789', 'hatchway key list'],
  })
  addKeyCreate(group, io)
  addKeyList(group, io)
  addKeyRevoke(group, io)
}
