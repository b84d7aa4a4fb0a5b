import type { HttpParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import type { BrokerAdapter, BrokerName } from './adapter.ts'
import { emqx } from './emqx.ts'
import { mosquittoGoAuth } from './mosquitto-go-auth.ts'
import { rabbitmq } from './rabbitmq.ts'
import { vernemq } from './vernemq.ts'

export interface KnownBroker {
  broker: BrokerName
  adapter: BrokerAdapter
}

/** Finds a broker by its name in any case. */
export function knownBrokers(settings: HttpParts['settings']): (name: string) => KnownBroker {
  const adapters = new Map<string, BrokerAdapter>(
    Object.entries({
      emqx,
      rabbitmq: rabbitmq(settings),
      'mosquitto-go-auth': mosquittoGoAuth,
      vernemq,
    } satisfies Record<BrokerName, BrokerAdapter>),
  )
  return name => {
    const broker = name.toLowerCase()
    const adapter = adapters.get(broker)
    if (adapter !== undefined) return { broker: broker as BrokerName, adapter } // the map has no other keys
    throw new Problem('not-found', {
      field: 'broker',
      detail: 'No broker of this name is known.',
      fix: `Use /broker/auth/ with one of ${[...adapters.keys()].join(', ')}.`,
    })
  }
}

/**
 * @throws Problem for an address that this broker does not have
 */
export function checkPart({ broker, adapter: { parts } }: KnownBroker, part: string): void {
  if (parts.includes(part)) return
  const addresses = parts.map(known => `/broker/auth/${broker}${known === '' ? '' : `/${known}`}`).join(', ')
  throw new Problem('not-found', {
    field: 'path',
    detail: `The broker ${broker} has no such address.`,
    fix: `Use ${addresses}.`,
  })
}
