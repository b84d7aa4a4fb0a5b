import type { DeviceIdentity } from './names.ts'
import { isTopicFilter, isTopicName, parseSharedFilter, utf8SizeBytes } from './topics.ts'

/** What the topics of a device may measure. */
export interface TopicLimits {
  readonly maxBytes: number
  readonly maxSlashes: number
}

export const DEVICE_TOPIC_LIMITS: TopicLimits = { maxBytes: 128, maxSlashes: 7 }

/** The products whose topics an application's API key covers. */
export interface ApplicationCoverage {
  readonly products: 'all' | ReadonlySet<string>
}

const SLASH = 0x2f
const SYS = '/sys/'
const EXT = '/ext/'
const NTP = '/ext/ntp/'
const SESSION = '/ext/session/'
const RRPC = '/ext/rrpc/'
const OTA = '/ota/device/'
const SHADOW_UPDATE = '/shadow/update/'
const SHADOW_GET = '/shadow/get/'
const BROADCAST = '/broadcast/'
const STATUS = '/as/mqtt/status/'
const LIFECYCLE = '/thing/lifecycle'

const endsLevel = (topic: string, at: number): boolean => at === topic.length || topic.charCodeAt(at) === SLASH

/** Where `{pk}/{dn}` ends if it stands at `at`, else -1. */
const afterOwnNames = (topic: string, at: number, { productKey, deviceName }: DeviceIdentity): number => {
  const slash = at + productKey.length
  if (!topic.startsWith(productKey, at) || topic.charCodeAt(slash) !== SLASH) return -1
  const end = slash + 1 + deviceName.length
  return topic.startsWith(deviceName, slash + 1) && endsLevel(topic, end) ? end : -1
}

const isBelowOwnNames = (topic: string, at: number, device: DeviceIdentity): boolean =>
  afterOwnNames(topic, at, device) !== -1

const isExactlyOwnNames = (topic: string, at: number, device: DeviceIdentity): boolean =>
  afterOwnNames(topic, at, device) === topic.length

/**
 * Where the topic carried by `/ext/rrpc/{messageId}/…` has its first name, else -1. SDKs put the carried topic in with
 * and without its leading slash (`/ext/rrpc/1/pk/dn/…`, `/ext/rrpc/1//pk/dn/…`), and `/sys/…` topics too.
 */
const rrpcNamesAt = (topic: string): number => {
  const slash = topic.indexOf('/', RRPC.length)
  if (slash === -1) return -1 // an empty messageId is one: `+` matches it
  const at = topic.charCodeAt(slash + 1) === SLASH ? slash + 2 : slash + 1
  return topic.startsWith('sys/', at) ? at + 4 : at
}

/** Where the last two levels of `/ota/device/…/{pk}/{dn}` start, else -1; at least one level stands before them. */
const otaNamesAt = (topic: string): number => {
  const lastSlash = topic.lastIndexOf('/')
  const slash = topic.lastIndexOf('/', lastSlash - 1)
  return slash > OTA.length ? slash + 1 : -1
}

// The first level decides alone: no product can own a platform topic by having its name.
const isOwnTopic = (topic: string, device: DeviceIdentity): boolean => {
  if (topic.startsWith(SYS)) return isBelowOwnNames(topic, SYS.length, device)
  if (topic.startsWith(EXT)) {
    if (topic.startsWith(NTP)) return isBelowOwnNames(topic, NTP.length, device)
    if (topic.startsWith(SESSION)) return isBelowOwnNames(topic, SESSION.length, device)
    if (!topic.startsWith(RRPC)) return false
    const at = rrpcNamesAt(topic)
    return at !== -1 && isBelowOwnNames(topic, at, device)
  }
  if (topic.startsWith('/ota/')) {
    if (!topic.startsWith(OTA)) return false
    const at = otaNamesAt(topic)
    return at !== -1 && isExactlyOwnNames(topic, at, device)
  }
  if (topic.startsWith('/shadow/')) {
    if (topic.startsWith(SHADOW_UPDATE)) return isExactlyOwnNames(topic, SHADOW_UPDATE.length, device)
    return topic.startsWith(SHADOW_GET) && isExactlyOwnNames(topic, SHADOW_GET.length, device)
  }
  if (topic.startsWith('/as/') || topic.startsWith(BROADCAST)) return false
  return topic.charCodeAt(0) === SLASH && isBelowOwnNames(topic, 1, device)
}

const isProductAt = (topic: string, at: number, productKey: string): boolean =>
  topic.startsWith(productKey, at) && endsLevel(topic, at + productKey.length)

/** Whether a topic keeps the limits. `/ext/rrpc/{messageId}` is measured apart from the topic that it carries. */
export const isWithinTopicLimits = (topic: string, limits: TopicLimits): boolean => {
  const carriedAt = topic.startsWith(RRPC) ? Math.max(topic.indexOf('/', RRPC.length), 0) : 0
  if (carriedAt > limits.maxBytes || topic.length - carriedAt > limits.maxBytes) return false
  let slashes = 0
  let isAscii = true
  for (let at = carriedAt; at < topic.length; at++) {
    const code = topic.charCodeAt(at)
    if (code === SLASH) slashes++
    else if (code >= 0x80) isAscii = false
  }
  return slashes <= limits.maxSlashes && (isAscii || utf8SizeBytes(topic.slice(carriedAt)) <= limits.maxBytes)
}

/** Below the device's names, and still the platform's word about it: applications act on it. */
const isItsLifecycle = (topic: string, device: DeviceIdentity): boolean =>
  topic.endsWith(LIFECYCLE) && afterOwnNames(topic, 1, device) === topic.length - LIFECYCLE.length

/** Whether a device may publish to a topic: a well-formed name below its own names, within the limits. */
export const deviceMayPublish = (
  device: DeviceIdentity,
  topic: string,
  limits: TopicLimits = DEVICE_TOPIC_LIMITS,
): boolean =>
  isOwnTopic(topic, device) &&
  !isItsLifecycle(topic, device) &&
  isTopicName(topic) &&
  isWithinTopicLimits(topic, limits)

/**
 * Whether a device may subscribe to a filter: like publishing, and below `/broadcast/{pk}`. Wildcards may stand only
 * where every topic that they match is its own. `$share/{group}/` is judged by what it wraps.
 */
export const deviceMaySubscribe = (
  device: DeviceIdentity,
  filter: string,
  limits: TopicLimits = DEVICE_TOPIC_LIMITS,
): boolean => {
  const inner = parseSharedFilter(filter)?.filter ?? filter
  const isOwn = inner.startsWith(BROADCAST)
    ? isProductAt(inner, BROADCAST.length, device.productKey)
    : isOwnTopic(inner, device)
  const isBounded = filter.length - inner.length <= limits.maxBytes && isWithinTopicLimits(inner, limits)
  return isOwn && isBounded && isTopicFilter(filter)
}

/**
 * Where the ProductKey of a topic or filter starts, -1 where it has no fixed place, as below a wild first level.
 * Update topics are placed from their end, so a filter with `#` has none either.
 */
const productKeyAt = (topic: string): number => {
  if (topic.startsWith(SYS)) return SYS.length
  if (topic.startsWith(EXT)) {
    if (topic.startsWith(NTP)) return NTP.length
    if (topic.startsWith(SESSION)) return SESSION.length
    return topic.startsWith(RRPC) ? rrpcNamesAt(topic) : -1
  }
  if (topic.startsWith('/ota/')) return topic.startsWith(OTA) && !topic.endsWith('#') ? otaNamesAt(topic) : -1
  if (topic.startsWith('/shadow/')) {
    if (topic.startsWith(SHADOW_UPDATE)) return SHADOW_UPDATE.length
    return topic.startsWith(SHADOW_GET) ? SHADOW_GET.length : -1
  }
  if (topic.startsWith(BROADCAST)) return BROADCAST.length
  if (topic.startsWith('/as/')) return topic.startsWith(STATUS) ? STATUS.length : -1
  return topic.charCodeAt(0) === SLASH ? 1 : -1
}

const isCovered = ({ products }: ApplicationCoverage, topic: string): boolean => {
  if (topic.startsWith('$')) return false
  if (products === 'all') return true
  const at = productKeyAt(topic)
  if (at === -1) return false
  const slash = topic.indexOf('/', at)
  return products.has(topic.slice(at, slash === -1 ? topic.length : slash))
}

/** Whether an application may publish to a topic: of a product its key covers, never on the platform's own `/as/…`. */
export const applicationMayPublish = (coverage: ApplicationCoverage, topic: string): boolean =>
  isCovered(coverage, topic) && !topic.startsWith('/as/') && isTopicName(topic)

/**
 * Whether an application may subscribe to a filter. A wildcard at the ProductKey's level needs a key for all products;
 * `$SYS` and other `$` topics are never granted. `$share/{group}/` is judged by what it wraps.
 */
export const applicationMaySubscribe = (coverage: ApplicationCoverage, filter: string): boolean =>
  isCovered(coverage, parseSharedFilter(filter)?.filter ?? filter) && isTopicFilter(filter)

/**
 * What the server subscribes a device to when its clientId says `_ss=1`. `/sys/{pk}/{dn}/#` covers what the device
 * publishes too: whoever installs these must not send a device its own messages back.
 */
export const downlinkFilters = (productKey: string, deviceName: string): readonly string[] => {
  const names = `${productKey}/${deviceName}`
  return [
    `/sys/${names}/#`,
    `/ext/ntp/${names}/response`,
    `/ext/rrpc/+/${names}/#`,
    `/ext/rrpc/+//${names}/#`,
    `/ext/rrpc/+/sys/${names}/#`,
    `/ota/device/+/${names}`,
    `/shadow/get/${names}`,
    `/${names}/user/get`,
  ]
}
