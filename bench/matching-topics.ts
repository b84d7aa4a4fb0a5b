import { deviceNameOf } from './mqtt-bytes.ts'

/**
 * exact: each subscription is one topic of one device. wildcard: for each device one filter that ends in `#` or has a `+` in
 * it, and besides ten of applications that follow whole products.
 */
export const MATCHING_KINDS = ['exact', 'wildcard'] as const
export type MatchingKind = (typeof MATCHING_KINDS)[number]

const DEVICES_A_PRODUCT = 1000
const FOLLOWERS = 10

const productOf = (device: number): string =>
  `product${String(Math.floor(device / DEVICES_A_PRODUCT)).padStart(4, '0')}`
const namesOf = (device: number): string => `${productOf(device)}/${deviceNameOf(device)}`

const followersOf = (count: number): number => Math.min(FOLLOWERS, Math.floor(count / 2))

/** How many devices so many subscriptions are of. */
export const devicesOf = (kind: MatchingKind, count: number): number =>
  kind === 'exact' ? count : count - followersOf(count)

/** So many filters, all different. */
export function subscriptionsOf(kind: MatchingKind, count: number): string[] {
  if (kind === 'exact') return Array.from({ length: count }, (_, device) => `/${namesOf(device)}/user/get`)
  const devices = devicesOf(kind, count)
  const products = Math.ceil(devices / DEVICES_A_PRODUCT)
  const own = Array.from({ length: devices }, (_, device) =>
    device % 2 === 0 ? `/sys/${namesOf(device)}/#` : `/sys/${namesOf(device)}/thing/+/property/set`,
  )
  const wide = Array.from({ length: followersOf(count) }, (_, index) =>
    index < products
      ? `/sys/${productOf(index * DEVICES_A_PRODUCT)}/+/thing/#`
      : `/sys/+/+/thing/event/alarm${index}/#`,
  )
  return [...own, ...wide]
}

/** A topic that the device's subscription gets. */
export function topicOf(kind: MatchingKind, device: number): string {
  return kind === 'exact' ? `/${namesOf(device)}/user/get` : `/sys/${namesOf(device)}/thing/service/property/set`
}
