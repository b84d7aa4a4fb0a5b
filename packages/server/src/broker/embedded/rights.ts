import {
  applicationMayPublish,
  applicationMaySubscribe,
  deviceMayPublish,
  deviceMaySubscribe,
  isWithinTopicLimits,
  type TopicLimits,
} from '@hatchway/protocol'
import type { Identity } from '../port.ts'

/** What an identity may do with a topic or filter: undefined = yes, else what is wrong, in words for the operator. */
export interface Rights {
  readonly mayPublish: (topic: string) => string | undefined
  readonly maySubscribe: (filter: string) => string | undefined
}

export interface RightsLimits {
  readonly deviceTopics: TopicLimits
  readonly applicationTopics: TopicLimits
}

/** Devices keep to topics under their own names, applications to the products that their key covers. */
export function rightsOf(identity: Identity, { deviceTopics, applicationTopics }: RightsLimits): Rights {
  if (identity.kind === 'device') {
    const { productKey, deviceName } = identity
    const own = `it is not one of ${productKey}/${deviceName}’s own topics`
    return {
      mayPublish: topic =>
        deviceMayPublish(identity, topic, deviceTopics) ? undefined : (tooLong(topic, deviceTopics) ?? own),
      maySubscribe: filter =>
        deviceMaySubscribe(identity, filter, deviceTopics) ? undefined : (tooLong(filter, deviceTopics) ?? own),
    }
  }
  // The broker's own figures are of all products; a group could take them away from others, so `$share` has no part in it.
  const mayHearFigures = identity.products === 'all'
  const outside = `it is outside the products that the API key ${identity.keyId} covers`
  return {
    mayPublish: topic =>
      tooLong(topic, applicationTopics) ?? (applicationMayPublish(identity, topic) ? undefined : outside),
    maySubscribe: filter =>
      tooLong(filter, applicationTopics) ??
      (applicationMaySubscribe(identity, filter) || (mayHearFigures && filter.startsWith('$SYS/'))
        ? undefined
        : outside),
  }
}

/**
 * Where a client that asks for Response Information may have responses sent to. An application gets none: what a device
 * may publish to lies below the device's own names, so there is no one place that all responders may use.
 */
export function responsePrefixOf(identity: Identity): string | undefined {
  return identity.kind === 'device' ? `/${identity.productKey}/${identity.deviceName}/response` : undefined
}

function tooLong(topic: string, limits: TopicLimits): string | undefined {
  if (isWithinTopicLimits(topic, limits)) return undefined
  return `it has more than ${limits.maxBytes} bytes or ${limits.maxSlashes} slashes`
}
