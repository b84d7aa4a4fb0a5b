import type { ReasonCode } from '@hatchway/protocol'
import type { Broker, Identity, Presence } from '../broker/port.ts'
import type { Registry, RegistryChange } from '../registry/registry.ts'
import type { TimeMs } from '../registry/types.ts'
import type { LiveConnections } from './live-connections.ts'
import { Recheck } from './recheck.ts'

type Revoked = Extract<RegistryChange, { kind: 'credentials-revoked' }>

export interface RevocationParts {
  broker: Broker
  registry: Registry
  /** Where changes can be missed, because others make them too. */
  live?: LiveConnections
  onError: (error: unknown) => void
}

/**
 * Ends the connections of those who may no longer be connected, at once, and the sessions of those who are gone for good.
 * Where changes were missed, everybody who is connected is looked at again. Returns what ends it.
 */
export function cutRevoked({ broker, registry, live, onError }: RevocationParts): () => Promise<void> {
  const check = (presence: Presence): Promise<void> => checkAgain(broker, registry, presence)
  const recheck = live && new Recheck({ live, check, onError })
  const ends = [
    registry.onChange(change => {
      cut(broker, change)
      if (change.kind === 'anything') recheck?.start()
    }),
    broker.onPresence(({ identity, online }) => {
      if (online) checkAgain(broker, registry, { identity }).catch(onError)
    }),
  ]
  return async () => {
    for (const end of ends) end()
    await recheck?.close()
  }
}

const sessionOf = ({ productKey, deviceName }: { productKey: string; deviceName: string }): string =>
  `${productKey}/${deviceName}`

const cut = (broker: Broker, change: RegistryChange): void => {
  switch (change.kind) {
    case 'device-deleted':
      // A session of a cluster is ended by the gateway where the device was deleted, and once.
      if (broker.keepsSessions || !change.elsewhere) broker.forget(sessionOf(change), 'device-deleted')
      else broker.disconnect(sessionOf(change), 'device-deleted')
      break
    case 'device-created':
      // What an earlier device of its name left, if a crash kept that from being forgotten. At a cluster, asking would take a
      // connection for each new device.
      if (broker.keepsSessions && broker.connected(sessionOf(change)) === undefined) {
        broker.forget(sessionOf(change), 'device-deleted')
      }
      break
    case 'device-disabled':
      broker.disconnect(sessionOf(change), 'device-disabled-now')
      break
    case 'credentials-revoked': {
      const live = broker.connected(sessionOf(change))
      if (live?.kind === 'device' && usesOneOf(change.clientIds, live.clientId)) {
        broker.disconnect(live.sessionId, 'credential-revoked-now')
      }
      break
    }
    case 'product-deleted': {
      const { productKey } = change
      broker.forgetWhere(who => who.kind === 'device' && who.productKey === productKey, 'device-deleted')
      break
    }
    case 'key-revoked': {
      const { keyId } = change
      broker.forgetWhere(who => who.kind === 'application' && who.keyId === keyId, 'credential-revoked-now')
      break
    }
    case 'device-enabled':
    case 'product-changed':
    case 'anything':
    case 'sessions-changed':
      break
    default:
      change satisfies never
  }
}

/** Whether a live connection stands on one of the revoked credentials; null is a DeviceSecret. */
const usesOneOf = (revoked: Revoked['clientIds'], clientId: string | null): boolean => {
  if (revoked === 'secret') return clientId === null
  if (revoked === 'all') return clientId !== null
  return clientId !== null && revoked.includes(clientId)
}

/**
 * A login that was verified just before a change can reach the broker just after it, when the change has found nobody to cut.
 * So whoever has come on line is looked at once more, at the price of a cached lookup. `at` = since when he is connected,
 * for those who may have been for long.
 */
const checkAgain = async (
  broker: Broker,
  registry: Registry,
  { identity, at }: { identity: Identity; at?: TimeMs },
): Promise<void> => {
  const reason =
    identity.kind === 'device'
      ? await whyNotDevice(registry, identity, at)
      : await whyNotApplication(registry, identity)
  if (reason === undefined) return
  const live = broker.connected(identity.sessionId)
  if (live === undefined || credentialOf(live) !== credentialOf(identity)) return
  const isGone = reason === 'device-deleted' || identity.kind === 'application'
  if (isGone) broker.forget(live.sessionId, reason)
  else broker.disconnect(live.sessionId, reason)
}

const credentialOf = (identity: Identity): string | null =>
  identity.kind === 'device' ? identity.clientId : identity.keyId

const whyNotDevice = async (
  registry: Registry,
  { productKey, deviceName, clientId }: Extract<Identity, { kind: 'device' }>,
  connectedAt: TimeMs = Number.POSITIVE_INFINITY,
): Promise<ReasonCode | undefined> => {
  const device = await registry.device(productKey, deviceName)
  if (device === undefined) return 'device-deleted'
  if (device.disabled) return 'device-disabled-now'
  const isHeld =
    clientId === null
      ? // The first login with a DeviceSecret activates it: one that has not logged in, or only since, is another.
        device.deviceSecret !== null && device.secretActivatedAt !== null && device.secretActivatedAt <= connectedAt
      : device.clientIds.some(issued => issued.clientId === clientId && issued.forbiddenAt === null)
  return isHeld ? undefined : 'credential-revoked-now'
}

const whyNotApplication = async (
  registry: Registry,
  { keyId }: Extract<Identity, { kind: 'application' }>,
): Promise<ReasonCode | undefined> => {
  const key = await registry.apiKey(keyId)
  return key === undefined || key.revokedAt !== null ? 'credential-revoked-now' : undefined
}
