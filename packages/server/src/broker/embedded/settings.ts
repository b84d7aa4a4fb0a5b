import { type ClientLimits, defaultClientLimits } from '../client/client-limits.ts'

/** The bounds of the embedded broker. */
export interface BrokerSettings extends ClientLimits {
  readonly subscriptionsPerSession: number
  /** QoS 1 and 2 messages that the server has out to one client; an MQTT 5 client may ask for fewer. 1 to 65,534. */
  readonly inFlight: number
  /** QoS 1 and 2 messages that wait for one client; beyond it the client is a slow reader and is disconnected. */
  readonly queuedMessages: number
  readonly queuedBytes: number
  /** The same over all clients: beyond it only short queues may grow. */
  readonly queuedBytesTotal: number
  /** Unsent bytes of one connection above which QoS 0 messages to it are dropped and others are queued. */
  readonly unsentBytes: number
  /** How long the publishers of a congested client are slowed before it is left to its own queue. */
  readonly patienceMs: number
  /** Retained messages over all, and the bytes of their packets: beyond it further ones are refused. */
  readonly retainedMessages: number
  readonly retainedBytes: number
  /** Topics whose subscribers are kept at hand, over all. */
  readonly cachedTopics: number
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
}

export const defaultBrokerSettings: BrokerSettings = {
  ...defaultClientLimits,
  subscriptionsPerSession: 1000,
  inFlight: 100,
  queuedMessages: 10_000,
  queuedBytes: 8 * 1024 * 1024,
  queuedBytesTotal: 256 * 1024 * 1024,
  unsentBytes: 1024 * 1024,
  patienceMs: 2000,
  retainedMessages: 100_000,
  retainedBytes: 64 * 1024 * 1024,
  cachedTopics: 10_000,
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
}
