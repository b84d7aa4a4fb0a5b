import type { DeviceIdentity } from './names.ts'

/** A platform topic with `{pk}/{dn}` in the middle, to build and to recognise. */
export interface DeviceTopic {
  readonly template: string
  build(device: DeviceIdentity): string
  /** The names in a topic of this shape, unchecked; undefined for any other topic. */
  match(topic: string): DeviceIdentity | undefined
}

const NAMES = '{pk}/{dn}'

const namesBetween = (topic: string, start: number, end: number): DeviceIdentity | undefined => {
  const slash = topic.indexOf('/', start)
  if (slash <= start || slash >= end - 1) return undefined
  const next = topic.indexOf('/', slash + 1)
  if (next !== -1 && next < end) return undefined
  return { productKey: topic.slice(start, slash), deviceName: topic.slice(slash + 1, end) }
}

const deviceTopic = (template: string): DeviceTopic => {
  const at = template.indexOf(NAMES)
  const prefix = template.slice(0, at)
  const suffix = template.slice(at + NAMES.length)
  return {
    template,
    build: ({ productKey, deviceName }) => `${prefix}${productKey}/${deviceName}${suffix}`,
    match: topic =>
      topic.startsWith(prefix) && topic.endsWith(suffix)
        ? namesBetween(topic, prefix.length, topic.length - suffix.length)
        : undefined,
  }
}

/** The topics on which the platform itself speaks or listens. */
export const PLATFORM_TOPICS = {
  clockRequest: deviceTopic('/ext/ntp/{pk}/{dn}/request'),
  clockResponse: deviceTopic('/ext/ntp/{pk}/{dn}/response'),
  status: deviceTopic('/as/mqtt/status/{pk}/{dn}'),
  lifecycle: deviceTopic('/{pk}/{dn}/thing/lifecycle'),
  subRegister: deviceTopic('/sys/{pk}/{dn}/thing/sub/register'),
  subRegisterReply: deviceTopic('/sys/{pk}/{dn}/thing/sub/register_reply'),
} as const satisfies Record<string, DeviceTopic>

/** Where a request to a device goes; it answers on the `response` topic with the same messageId. */
export const rrpcRequestTopic = ({ productKey, deviceName }: DeviceIdentity, messageId: string): string =>
  `/sys/${productKey}/${deviceName}/rrpc/request/${messageId}`

export const rrpcResponseTopic = ({ productKey, deviceName }: DeviceIdentity, messageId: string): string =>
  `/sys/${productKey}/${deviceName}/rrpc/response/${messageId}`

const SYS = '/sys/'
const RRPC_RESPONSE = '/rrpc/response/'

/** The device and messageId of a topic on which a device answers a request; undefined for any other topic. */
export const matchRrpcResponse = (topic: string): (DeviceIdentity & { messageId: string }) | undefined => {
  if (!topic.startsWith(SYS)) return undefined
  const lastSlash = topic.lastIndexOf('/')
  const namesEnd = lastSlash + 1 - RRPC_RESPONSE.length
  if (lastSlash === topic.length - 1 || namesEnd < SYS.length || !topic.startsWith(RRPC_RESPONSE, namesEnd)) {
    return undefined
  }
  const names = namesBetween(topic, SYS.length, namesEnd)
  return names === undefined ? undefined : { ...names, messageId: topic.slice(lastSlash + 1) }
}

const EVENT = '/thing/event/'
const POST = '/post'

/** Where a device posts an event of its thing model. Its properties are one of them, by the name of `property`. */
export const eventPostTopic = ({ productKey, deviceName }: DeviceIdentity, event: string): string =>
  `${SYS}${productKey}/${deviceName}${EVENT}${event}${POST}`

export const eventPostReplyTopic = (device: DeviceIdentity, event: string): string =>
  `${eventPostTopic(device, event)}_reply`

/** The device and event of a topic on which an event is posted; undefined for any other topic. */
export const matchEventPost = (topic: string): (DeviceIdentity & { event: string }) | undefined => {
  const namesEnd = topic.indexOf(EVENT, SYS.length)
  if (!topic.startsWith(SYS) || namesEnd === -1 || !topic.endsWith(POST)) return undefined
  const event = topic.slice(namesEnd + EVENT.length, -POST.length)
  const names = namesBetween(topic, SYS.length, namesEnd)
  return names === undefined || event === '' || event.includes('/') ? undefined : { ...names, event }
}
