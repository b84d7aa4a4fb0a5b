import type { AuditNote } from '../audit/audit-entry.ts'
import { settledNote } from '../audit/settled-note.ts'
import type { Sealer } from '../seal.ts'
import type {
  ActivationRequest,
  CommonChange,
  DeviceChange,
  NewDevice,
  PresenceChange,
  RegistrationRequest,
  RegistrationRules,
} from '../store.ts'
import { StoreUnavailable } from '../store.ts'
import type { NewJournalEntry, TimeMs } from '../types.ts'
import { appendAudit } from './audit.ts'
import type { Database } from './database.ts'
import { changeDevice, createDevice, deleteDevice, notePresence } from './device-changes.ts'
import type { LaneReply } from './device-lane.ts'
import { deviceNotices } from './device-notices.ts'
import { type DeviceId, DeviceWork } from './device-work.ts'
import { appendJournal } from './journal.ts'
import type { Lease } from './lease.ts'
import { loadDevices } from './load-devices.ts'
import type { Notices } from './notices.ts'
import { activate, register } from './registration.ts'
import { saveDevices } from './save-devices.ts'

/** What changes devices or the journal: one lane, one transaction for what arrives together. */
export type DeviceCall =
  | { kind: 'register'; request: RegistrationRequest }
  | { kind: 'activate'; request: ActivationRequest }
  | { kind: 'create'; devices: readonly NewDevice[]; note?: AuditNote | undefined }
  | { kind: 'change'; device: DeviceId; change: DeviceChange; note?: AuditNote | undefined }
  | { kind: 'delete'; device: DeviceId; note?: AuditNote | undefined }
  | { kind: 'change-many'; devices: readonly DeviceId[]; change: CommonChange; note?: AuditNote | undefined }
  | { kind: 'presence'; changes: readonly PresenceChange[] }
  | { kind: 'append'; entries: readonly NewJournalEntry[] }

export interface DeviceCallParts {
  database: Database
  sealer: Sealer
  rules: RegistrationRules
  journalLimit: number
  notices: Notices
  lease: Lease
  clock: () => TimeMs
}

/**
 * Runs calls in their order in one transaction. One that fails spoils only itself: if the database refuses what the
 * batch wrote, each call is run again in a transaction of its own.
 */
export function deviceCalls(parts: DeviceCallParts): (calls: readonly DeviceCall[]) => Promise<readonly LaneReply[]> {
  return async calls => {
    try {
      return await inTransaction(parts, calls)
    } catch (error) {
      if (error instanceof StoreUnavailable || calls.length === 1) throw error
      const replies: LaneReply[] = []
      for (const call of calls) replies.push(await alone(parts, call))
      return replies
    }
  }
}

async function alone(parts: DeviceCallParts, call: DeviceCall): Promise<LaneReply> {
  try {
    const [reply] = await inTransaction(parts, [call])
    return reply ?? { error: new Error('a call gave no reply') }
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }
}

type Draft = { error: Error } | { reply: (firstEntryId: number) => unknown }

function inTransaction(
  { database, sealer, rules, journalLimit, notices, lease, clock }: DeviceCallParts,
  calls: readonly DeviceCall[],
): Promise<readonly LaneReply[]> {
  return database.transaction(async session => {
    const work = new DeviceWork({ sealer, rules })
    if (calls.some(({ kind }) => kind === 'presence')) work.gateway = await lease.hold(session)
    await loadDevices(session, work, calls.flatMap(devicesOf))
    const drafts = calls.map(call => draft(work, call))
    const changes = work.changes()
    await saveDevices(session, changes)
    await notices.send(session, deviceNotices(changes, clock()))
    const firstEntryId = await appendJournal(session, work.journal, journalLimit)
    const replies = drafts.map(made => ('error' in made ? made : { value: made.reply(firstEntryId) }))
    await appendAudit(
      session,
      replies.flatMap((reply, at) => noteOf(calls[at], reply)),
    )
    return replies
  })
}

function noteOf(call: DeviceCall | undefined, reply: LaneReply): AuditNote[] {
  const note = call !== undefined && 'note' in call && 'value' in reply && call.note
  const settled = note ? settledNote(note, reply.value) : undefined
  return settled ? [settled] : []
}

function devicesOf(call: DeviceCall): readonly DeviceId[] {
  switch (call.kind) {
    case 'register':
    case 'activate':
      return [call.request]
    case 'create':
    case 'change-many':
      return call.devices
    case 'presence':
      return call.changes
    case 'change':
    case 'delete':
      return [call.device]
    case 'append':
      return []
    default:
      return call satisfies never
  }
}

function draft(work: DeviceWork, call: DeviceCall): Draft {
  try {
    return { reply: work.attempt(() => answer(work, call)) }
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }
}

/** The answer, as soon as the ids of the journal are known. */
function answer(work: DeviceWork, call: DeviceCall): (firstEntryId: number) => unknown {
  switch (call.kind) {
    case 'register': {
      const reply = register(work, call.request)
      if (!reply.ok) return () => reply
      const { entry, ...issued } = reply
      return firstEntryId => ({ ...issued, journal: { ...call.request.journal, id: firstEntryId + entry } })
    }
    case 'append': {
      const places = call.entries.map(entry => work.append(entry))
      return firstEntryId => call.entries.map((entry, at) => ({ ...entry, id: firstEntryId + (places[at] ?? 0) }))
    }
    case 'presence':
      return given(call.changes.map(change => notePresence(work, change)))
    case 'activate':
      return given(activate(work, call.request))
    case 'create':
      return given(call.devices.map(device => createDevice(work, device)))
    case 'change':
      return given(changeDevice(work, call.device, call.change))
    case 'delete':
      return given(deleteDevice(work, call.device))
    case 'change-many': {
      const { devices, change } = call
      return given(
        devices.map(device =>
          change.kind === 'delete' ? deleteDevice(work, device) : changeDevice(work, device, change),
        ),
      )
    }
    default:
      return call satisfies never
  }
}

const given = (reply: unknown) => () => reply
