import { downlinkFilters } from '@hatchway/protocol'
import type { ActivationRequest } from '../registry/store.ts'
import type { Device, Product } from '../registry/types.ts'
import { type Attempt, type Desk, isSecure, type Refusal, refuse, type Verdict } from './attempt.ts'
import { decideKeepAlive } from './keep-alive.ts'
import { countConnect } from './registration.ts'
import { sentences } from './sentences.ts'

/** A device that has proved who it is. */
export interface VerifiedLogin {
  product: Product
  device: Device
  /** The issued ClientID that logged in, null for a DeviceSecret login. */
  clientId: string | null
  /** The credential to mark as used, null if it has logged in before: then nothing is written. */
  activates: ActivationRequest['credential'] | null
  serverSubscribe: boolean
}

/** The part of a login that both modes share, after the credential was verified. */
export const admitDevice = async (login: VerifiedLogin, attempt: Attempt, desk: Desk): Promise<Verdict> => {
  const { product, device } = login
  const refused = countConnect(device, attempt, desk) ?? checkTransport(product, attempt)
  if (refused !== undefined) return refused
  if (device.disabled) return refuse('device', 'device-disabled')
  const keepAlive = decideKeepAlive(product, attempt)
  if ('kind' in keepAlive) return keepAlive
  const notActivated = await activate(login, attempt, desk)
  if (notActivated !== undefined) return notActivated
  const { productKey, deviceName } = device
  return {
    kind: 'admitted',
    identity: {
      kind: 'device',
      sessionId: `${productKey}/${deviceName}`,
      productKey,
      deviceName,
      clientId: login.clientId,
    },
    ...keepAlive,
    serverSubscriptions: login.serverSubscribe ? downlinkFilters(productKey, deviceName) : [],
  }
}

// After the credential: who can't prove it learns nothing about the product's settings.
const checkTransport = (product: Product, attempt: Attempt): Refusal | undefined => {
  const { transport } = attempt.origin
  if (product.tlsOnly && !isSecure(transport)) return refuse('transport', 'tls-only-product')
  attempt.trace?.passed('transport', sentences.transportFits(transport))
  return undefined
}

/**
 * Durable before the device hears of it: an activated device is protected from being registered anew by someone else. The
 * store looks once more whether the credential still counts, for it may have been replaced since it was read.
 */
const activate = async (login: VerifiedLogin, attempt: Attempt, desk: Desk): Promise<Refusal | undefined> => {
  const { activates } = login
  if (activates !== null) {
    const { productKey, deviceName } = login.device
    const outcome = await desk.activate({ productKey, deviceName, now: attempt.now, credential: activates })
    if (!outcome.ok) return refuse('credential', outcome.reason)
  }
  attempt.trace?.passed('rules', sentences.loginAllowed(activates !== null))
  return undefined
}
