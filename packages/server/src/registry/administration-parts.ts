import type { RandomBytes } from '@hatchway/protocol'
import type { AnnouncingRegistry } from './create-registry.ts'
import type { TimeMs } from './types.ts'

/** What the use cases of operators work with. */
export interface AdministrationParts {
  registry: AnnouncingRegistry
  clock: () => TimeMs
  random: RandomBytes
}
