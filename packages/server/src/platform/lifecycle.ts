import { type LifecycleInput, lifecycleMessage, PLATFORM_TOPICS } from '@hatchway/protocol'
import type { Registry, RegistryChange } from '../registry/registry.ts'
import type { Publisher } from './publisher.ts'

const actions: Partial<Record<RegistryChange['kind'], LifecycleInput['action']>> = {
  'device-created': 'create',
  'device-deleted': 'delete',
  'device-enabled': 'enable',
  'device-disabled': 'disable',
}

/**
 * Publishes a lifecycle message for each device that is created, deleted, enabled or disabled here. Returns what ends it.
 */
export function tellLifecycle(parts: { registry: Registry; publisher: Publisher }): () => void {
  const { registry, publisher } = parts
  return registry.onChange(change => {
    const action = actions[change.kind]
    if (action === undefined || !('deviceName' in change) || change.elsewhere) return
    const { productKey, deviceName, at } = change
    const names = { productKey, deviceName }
    publisher.publish(
      PLATFORM_TOPICS.lifecycle.build(names),
      lifecycleMessage({ action, ...names, messageCreateTime: at }),
      1,
    )
  })
}
