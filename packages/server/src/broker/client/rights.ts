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
  mayPublish(topic: string): string | undefined
  maySubscribe(filter: string): string | undefined
}

export interface RightsLimits {
  readonly deviceTopics: TopicLimits
  readonly applicationTopics: TopicLimits
}

/** Devices keep to topics under their own names, applications to the products that their key covers. */
export function rightsOf(identity: Identity, limits: RightsLimits): Rights {
  return identity.kind === 'device' ? new DeviceRights(identity, limits) : new ApplicationRights(identity, limits)
}

/** An object and no closures, and what is wrong is put into words when it is asked for: every connection has one. */
class DeviceRights implements Rights {
  readonly #device: Identity & { kind: 'device' }
  readonly #limits: RightsLimits

  constructor(device: Identity & { kind: 'device' }, limits: RightsLimits) {
    this.#device = device
    this.#limits = limits
  }

  mayPublish(topic: string): string | undefined {
    return deviceMayPublish(this.#device, topic, this.#limits.deviceTopics) ? undefined : this.#problem(topic)
  }

  maySubscribe(filter: string): string | undefined {
    return deviceMaySubscribe(this.#device, filter, this.#limits.deviceTopics) ? undefined : this.#problem(filter)
  }

  #problem(topic: string): string {
    const { productKey, deviceName } = this.#device
    return tooLong(topic, this.#limits.deviceTopics) ?? `it is not one of ${productKey}/${deviceName}’s own topics`
  }
}

class ApplicationRights implements Rights {
  readonly #application: Identity & { kind: 'application' }
  readonly #limits: RightsLimits

  constructor(application: Identity & { kind: 'application' }, limits: RightsLimits) {
    this.#application = application
    this.#limits = limits
  }

  mayPublish(topic: string): string | undefined {
    const problem = tooLong(topic, this.#limits.applicationTopics)
    return problem ?? (applicationMayPublish(this.#application, topic) ? undefined : this.#outside)
  }

  maySubscribe(filter: string): string | undefined {
    const problem = tooLong(filter, this.#limits.applicationTopics)
    return problem ?? (this.#mayHear(filter) ? undefined : this.#outside)
  }

  /** The broker's own figures are of all products; a group could take them away from others, so `$share` has no part in it. */
  #mayHear(filter: string): boolean {
    if (applicationMaySubscribe(this.#application, filter)) return true
    return this.#application.products === 'all' && filter.startsWith('$SYS/')
  }

  get #outside(): string {
    return `it is outside the products that the API key ${this.#application.keyId} covers`
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
