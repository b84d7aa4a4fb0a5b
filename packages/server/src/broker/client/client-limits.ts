import { DEVICE_TOPIC_LIMITS, type TopicLimits } from '@hatchway/protocol'

/** What bounds one client, whatever the broker behind. */
export interface ClientLimits {
  /** Largest payload of a client's message. */
  readonly payloadBytes: number
  readonly deviceTopics: TopicLimits
  /** Of topics and filters that application clients use. */
  readonly applicationTopics: TopicLimits
  /** QoS 2 messages that an MQTT 5 client may have out to the server. 1 to 65,535. */
  readonly receiveMaximum: number
  /** Unsent bytes (acknowledgements are never held back) at which the client is a slow reader. */
  readonly unsentBytesMax: number
  /** Topic aliases that an MQTT 5 client may set, and that are used towards one that takes as many; 0 = none. */
  readonly topicAliasMaximum: number
  /** Topics that one connection has at hand with what it may do with them. */
  readonly cachedTopicsPerDevice: number
  readonly cachedTopicsPerApplication: number
  /** Incidents of one connection that are reported at once, and how many more each second. */
  readonly incidentBurst: number
  readonly incidentsPerSecond: number
  /** Grain of keep alive and of patience. */
  readonly sweepMs: number
}

export const defaultClientLimits: ClientLimits = {
  payloadBytes: 256 * 1024,
  deviceTopics: DEVICE_TOPIC_LIMITS,
  applicationTopics: { maxBytes: 4096, maxSlashes: 64 },
  receiveMaximum: 1000,
  unsentBytesMax: 4 * 1024 * 1024,
  topicAliasMaximum: 32,
  cachedTopicsPerDevice: 32,
  cachedTopicsPerApplication: 1024,
  incidentBurst: 20,
  incidentsPerSecond: 1,
  sweepMs: 1000,
}

/** Room for topic, properties and header around the largest payload. */
const aroundPayloadBytes = 64 * 1024

/** Largest packet taken from a client: Maximum Packet Size of the CONNACK. */
export function maxPacketSizeBytes(limits: ClientLimits): number {
  return limits.payloadBytes + aroundPayloadBytes
}
