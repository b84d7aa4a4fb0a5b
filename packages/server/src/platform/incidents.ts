import type { Broker, BrokerIncident, Identity } from '../broker/port.ts'
import type { Journal } from '../registry/registry.ts'
import type { ConnectMode, JournalDetail, NewJournalEntry, TimeMs } from '../registry/types.ts'

/** Topics and ids are the client's own and can be long; this much tells what they were. */
const maxTextLength = 256

const mqttVersions = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const

/** Writes into the journal what went wrong on connections that are up. Returns what ends it. */
export function journalIncidents(parts: { broker: Broker; journal: Journal; clock: () => TimeMs }): () => void {
  const { broker, journal, clock } = parts
  return broker.onIncident(incident => journal.record(entryOf(incident, clock())))
}

const modeOf = (identity: Identity): ConnectMode => {
  if (identity.kind === 'application') return 'application'
  return identity.clientId === null ? 'secret' : 'token'
}

const entryOf = (incident: BrokerIncident, time: TimeMs): NewJournalEntry => {
  const { identity, address, reason, protocolLevel, connackCode = null } = incident
  const isDevice = identity.kind === 'device'
  return {
    time,
    outcome: outcomeOf(incident),
    reason,
    productKey: isDevice ? identity.productKey : null,
    deviceName: isDevice ? identity.deviceName : null,
    mode: modeOf(identity),
    address,
    // A broker that doesn't know what carried the connection leaves the plainest guess.
    transport: incident.transport,
    tlsVersion: null,
    tlsCipher: null,
    mqttVersion: mqttVersions[protocolLevel],
    connackCode,
    detail: detailOf(incident),
  }
}

const outcomeOf = ({ closed, connackCode }: BrokerIncident): NewJournalEntry['outcome'] => {
  if (connackCode !== undefined) return 'refused'
  return closed ? 'closed' : 'dropped'
}

const detailOf = ({ identity, topic, problem }: BrokerIncident): JournalDetail => {
  const clientId = identity.kind === 'device' ? identity.clientId : identity.sessionId
  return {
    ...(clientId === null ? {} : { clientId: clientId.slice(0, maxTextLength) }),
    ...(topic === undefined ? {} : { topic: topic.slice(0, maxTextLength) }),
    ...(problem === undefined ? {} : { problem: problem.slice(0, maxTextLength) }),
  }
}
