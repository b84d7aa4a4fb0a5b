import {
  applicationMayPublish,
  applicationMaySubscribe,
  deviceMayPublish,
  deviceMaySubscribe,
  isDeviceName,
  isProductKey,
  isWithinTopicLimits,
  type ReasonCode,
  reason,
  type TopicLimits,
} from '@hatchway/protocol'
import type { JournalDetail, NewJournalEntry } from '../../registry/types.ts'
import type { HttpParts } from '../parts.ts'
import type { AccessQuestion, Answer, BrokerName, LoginQuestion, Question } from './adapter.ts'

/** Topics of applications are bounded by this much, as they are at the embedded broker. */
const APPLICATION_TOPICS: TopicLimits = { maxBytes: 4096, maxSlashes: 64 }
const MAX_JOURNALED_LENGTH = 256

export interface Asker {
  broker: BrokerName
  /** Peer address of the request. */
  address: string
  transport: 'tls' | 'tcp'
}

/** Answers what brokers ask, and journals each no. */
export function createAnswers(parts: HttpParts): (question: Question, asker: Asker) => Promise<Answer> {
  return async (question, asker) => {
    switch (question.kind) {
      case 'login':
        return answerLogin(parts, question, asker)
      case 'access':
        return answerAccess(parts, question, asker)
      case 'settled':
        return { isAllowed: question.isAllowed }
      default:
        return question satisfies never
    }
  }
}

async function answerLogin({ onboarding }: HttpParts, question: LoginQuestion, asker: Asker): Promise<Answer> {
  const { clientId, userName, password, address = asker.address } = question
  const { broker, transport } = asker
  const admission = await onboarding.admitAtBroker({ broker, clientId, userName, password, address, transport })
  if (admission.kind === 'admitted') return { isAllowed: true }
  return { isAllowed: false, reason: admission.reason, isRetryable: reason(admission.reason).retryable }
}

interface Client {
  mode: 'application' | null
  productKey: string | null
  deviceName: string | null
  may(action: AccessQuestion['action'], topic: string): boolean
}

async function answerAccess(parts: HttpParts, question: AccessQuestion, asker: Asker): Promise<Answer> {
  const { userName = '', action, topics, address = asker.address } = question
  const client = deviceOf(parts, userName) ?? (await applicationOf(parts, userName)) ?? nobody
  const allowed = topics.map(topic => client.may(action, topic))
  const code = action === 'publish' ? 'topic-not-allowed-publish' : 'topic-not-allowed-subscribe'
  topics.forEach((topic, index) => {
    if (allowed[index] === true) return
    const detail = { topic: topic.slice(0, MAX_JOURNALED_LENGTH) }
    parts.registry.journal.record(entryOf({ ...asker, address }, client, { time: parts.clock(), code, detail }))
  })
  return { isAllowed: allowed.every(Boolean), topics: allowed, reason: code }
}

const nobody: Client = { mode: null, productKey: null, deviceName: null, may: () => false }

/** A device’s rights follow from its names alone, so nothing is looked up: the broker asks about every publish. */
function deviceOf({ settings }: HttpParts, userName: string): Client | undefined {
  const [deviceName = '', productKey = '', ...more] = userName.split('&')
  if (more.length > 0 || !isDeviceName(deviceName) || !isProductKey(productKey)) return undefined
  const limits = { maxBytes: settings.maxTopicBytes, maxSlashes: settings.maxTopicSlashes }
  const device = { productKey, deviceName }
  const may: Client['may'] = (action, topic) =>
    action === 'publish' ? deviceMayPublish(device, topic, limits) : deviceMaySubscribe(device, topic, limits)
  return { mode: null, productKey, deviceName, may }
}

/** Which products an application’s key covers is in the registry, and mostly in its cache. */
async function applicationOf({ registry }: HttpParts, userName: string): Promise<Client | undefined> {
  if (userName === '' || userName.includes('&')) return undefined
  const key = await registry.apiKey(userName)
  if (key === undefined || key.role !== 'application' || key.revokedAt !== null) return undefined
  const coverage = { products: key.products === null ? ('all' as const) : new Set(key.products) }
  const may: Client['may'] = (action, topic) =>
    isWithinTopicLimits(topic, APPLICATION_TOPICS) &&
    (action === 'publish' ? applicationMayPublish(coverage, topic) : applicationMaySubscribe(coverage, topic))
  return { ...nobody, mode: 'application', may }
}

const entryOf = (
  { address, transport, broker }: Asker,
  { mode, productKey, deviceName }: Pick<Client, 'mode' | 'productKey' | 'deviceName'>,
  { time, code, detail }: { time: number; code: ReasonCode; detail: JournalDetail },
): NewJournalEntry => ({
  time,
  outcome: 'dropped',
  reason: code,
  productKey,
  deviceName,
  mode,
  address,
  transport,
  tlsVersion: null,
  tlsCipher: null,
  mqttVersion: null,
  connackCode: null,
  detail: { ...detail, broker },
})

/** A request that was refused as such: the operator has to mend the broker’s configuration. */
export const unreadableEntry = (
  broker: BrokerName,
  address: string,
  what: { time: number; code: ReasonCode; detail: JournalDetail },
): NewJournalEntry => ({
  ...entryOf({ broker, address, transport: 'tcp' }, nobody, what),
  outcome: 'refused',
  transport: 'http',
})
