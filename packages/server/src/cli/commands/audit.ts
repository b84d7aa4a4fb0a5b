import type { Command } from 'commander'
import { addGroup } from '../command.ts'
import type { Io } from '../io.ts'
import { addAuditList } from './audit-list.ts'
import { addAuditVerify } from './audit-verify.ts'

export function addAudit(program: Command, io: Io): void {
  const group = addGroup(program, 'audit', {
    description: 'who did what: every administrative act, in a log that shows tampering',
    examples: ['hatchway audit list --since 7d --action device.', 'hatchway audit verify'],
  })
  addAuditList(group, io)
  addAuditVerify(group, io)
}
