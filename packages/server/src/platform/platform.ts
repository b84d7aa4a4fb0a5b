import type { Broker } from '../broker/port.ts'
import type { Registry } from '../registry/registry.ts'
import type { TimeMs } from '../registry/types.ts'
import { answerDevices } from './answers.ts'
import { journalIncidents } from './incidents.ts'
import { tellLifecycle } from './lifecycle.ts'
import { LiveConnections } from './live-connections.ts'
import { tellPresence, tellSharedPresence } from './presence.ts'
import { createPublisher } from './publisher.ts'
import { cutRevoked } from './revocation.ts'

export interface PlatformParts {
  broker: Broker
  registry: Registry
  /** Milliseconds since 1970. */
  clock: () => TimeMs
  /** Told of what could not be published or noted. A process warning if nobody listens. */
  onError?: (error: unknown) => void
}

export interface Platform {
  /** Close after the broker, whose last presences are still noted, and before the registry. */
  close(): Promise<void>
}

/**
 * What the platform itself says and does beside routing: answers to devices, status and lifecycle messages, cutting connections
 * whose right to be there has ended, and journal entries for what went wrong on connections.
 */
export function createPlatform(parts: PlatformParts): Platform {
  const { broker, registry, clock, onError = warn } = parts
  const publisher = createPublisher({ broker, clock, onError })
  const telling = { broker, registry, publisher, clock, onError }
  const live = registry.onLeaseEvent === undefined ? undefined : new LiveConnections(broker)
  const presence = live === undefined ? tellPresence(telling) : tellSharedPresence({ ...telling, live })
  const stopCutting = cutRevoked({ broker, registry, onError, ...(live && { live }) })
  const ends = [
    answerDevices({ broker, publisher, clock }),
    tellLifecycle({ registry, publisher }),
    journalIncidents({ broker, journal: registry.journal, clock }),
  ]
  return {
    async close() {
      for (const end of ends) end()
      live?.close()
      await stopCutting()
      await presence.close()
    },
  }
}

const warn = (error: unknown): void => process.emitWarning(error instanceof Error ? error : String(error))
