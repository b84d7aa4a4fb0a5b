import { DEVICE_TOPIC_LIMITS, type TopicLimits } from '@hatchway/protocol'

/** The bounds of the embedded broker. */
export interface BrokerSettings {
  /** Largest payload of a client's message. */
  readonly payloadBytes: number
  readonly deviceTopics: TopicLimits
  /** Of topics and filters that application clients use. */
  readonly applicationTopics: TopicLimits
  readonly subscriptionsPerSession: number
  /** QoS 1 and 2 messages that the server has out to one client; an MQTT 5 client may ask for fewer. 1 to 65,534. */
  readonly inFlight: number
  /** QoS 2 messages that an MQTT 5 client may have out to the server. 1 to 65,535. */
  readonly receiveMaximum: number
  /** QoS 1 and 2 messages that wait for one client; beyond it the client is a slow reader and is disconnected. */
  readonly queuedMessages: number
  readonly queuedBytes: number
  /** The same over all clients: beyond it only short queues may grow. */
  readonly queuedBytesTotal: number
  /** Unsent bytes of one connection above which QoS 0 messages to it are dropped and others are queued. */
  readonly unsentBytes: number
  /** Unsent bytes (acknowledgements are never held back) at which the client is a slow reader. */
  readonly unsentBytesMax: number
  /** How long the publishers of a congested client are slowed before it is left to its own queue. */
  readonly patienceMs: number
  /** Retained messages over all, and the bytes of their packets: beyond it further ones are refused. */
  readonly retainedMessages: number
  readonly retainedBytes: number
  /** Topic aliases that an MQTT 5 client may set, and that are used towards one that takes as many; 0 = none. */
  readonly topicAliasMaximum: number
  /** Topics whose subscribers are kept at hand, over all and per connection. */
  readonly cachedTopics: number
  readonly cachedTopicsPerDevice: number
  readonly cachedTopicsPerApplication: number
  /** Incidents of one connection that are reported at once, and how many more each second. */
  readonly incidentBurst: number
  readonly incidentsPerSecond: number
  /** How often the `$SYS` topics are published to those who are subscribed; 0 = never. */
  readonly systemTopicsMs: number
  /** Sessions that outlive their connections. */
  readonly sessions: number
  /** How long sessions of MQTT 3.1 and 3.1.1 clients without Clean Session outlive their connections. */
  readonly sessionExpirySeconds: number
  /** Longest Session Expiry Interval that is granted; 0xFFFFFFFF = no limit, such sessions never end. */
  readonly sessionExpiryMaxSeconds: number
  /** How long messages and other changes that someone waits for are gathered for one commit of the session store. */
  readonly commitWindowMs: number
  /** The same for changes that nobody waits for. */
  readonly lazyCommitMs: number
  /** So many changes are committed without waiting for more. */
  readonly commitChanges: number
  /** So many changes wait for a store that does not answer before no more sessions are taken. */
  readonly waitingChanges: number
  /** Acknowledgements that one client is owed until its messages are stored; then its reading pauses. */
  readonly owedPackets: number
  /** How long they are owed before the client is told that its messages were not stored. */
  readonly storeTimeoutMs: number
  /** Grain of keep alive and of patience. */
  readonly sweepMs: number
}

export const defaultBrokerSettings: BrokerSettings = {
  payloadBytes: 256 * 1024,
  deviceTopics: DEVICE_TOPIC_LIMITS,
  applicationTopics: { maxBytes: 4096, maxSlashes: 64 },
  subscriptionsPerSession: 1000,
  inFlight: 100,
  receiveMaximum: 1000,
  queuedMessages: 10_000,
  queuedBytes: 8 * 1024 * 1024,
  queuedBytesTotal: 256 * 1024 * 1024,
  unsentBytes: 1024 * 1024,
  unsentBytesMax: 4 * 1024 * 1024,
  patienceMs: 2000,
  retainedMessages: 100_000,
  retainedBytes: 64 * 1024 * 1024,
  topicAliasMaximum: 32,
  cachedTopics: 10_000,
  cachedTopicsPerDevice: 32,
  cachedTopicsPerApplication: 1024,
  incidentBurst: 20,
  incidentsPerSecond: 1,
  systemTopicsMs: 10_000,
  sessions: 1_000_000,
  sessionExpirySeconds: 7 * 86_400,
  sessionExpiryMaxSeconds: 30 * 86_400,
  commitWindowMs: 5,
  lazyCommitMs: 200,
  commitChanges: 1000,
  waitingChanges: 100_000,
  owedPackets: 1000,
  storeTimeoutMs: 10_000,
  sweepMs: 1000,
}

/** Room for topic, properties and header around the largest payload. */
const aroundPayloadBytes = 64 * 1024

/** Largest packet taken from a client: Maximum Packet Size of the CONNACK. */
export function maxPacketSizeBytes(settings: BrokerSettings): number {
  return settings.payloadBytes + aroundPayloadBytes
}
