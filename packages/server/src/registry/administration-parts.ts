import type { RandomBytes } from '@hatchway/protocol'
import type { Actor } from './audit/audit-entry.ts'
import type { AnnouncingRegistry } from './create-registry.ts'
import type { TimeMs } from './types.ts'

/** What the use cases of operators work with. */
export interface AdministrationParts {
  registry: AnnouncingRegistry
  clock: () => TimeMs
  random: RandomBytes
}

/** The same for one who acts: each act goes into the audit log under that name. */
export interface ActingParts extends AdministrationParts {
  actor: Actor
}
