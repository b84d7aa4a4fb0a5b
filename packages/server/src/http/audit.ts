import { Type } from 'typebox'
import { type AuditEntry, type ChainVerdict, verifyAudit } from '../registry/audit/index.ts'
import { timeOf } from './iso-time.ts'
import { cursorsOf, limitOf, PAGING } from './paging.ts'
import type { Api, HttpParts } from './parts.ts'
import { boundedText, count, flag, iso, keyedProblems, nullable, oneOf, ref, text, time } from './schemas.ts'
import { STREAM_TIMEOUT_MS } from './text-stream.ts'

const fields = (description: string) =>
  Type.Unsafe<Record<string, unknown> | null>({ type: ['object', 'null'], additionalProperties: true, description })

export const AuditEntryReply = Type.Object(
  {
    id: Type.Integer({ description: 'From 1, without gaps' }),
    at: time('When it was done'),
    actor: Type.Object({
      kind: oneOf(['user', 'key', 'server'], 'A user who was signed in, an API key, or the server itself'),
      id: text('Id of the user or the key'),
      name: text('Name at that time'),
    }),
    action: text('What was done, such as device.disable'),
    target: text('What it was done to'),
    before: fields('What was changed, as it was; secrets masked'),
    after: fields('What was changed, as it became; secrets masked'),
    address: nullable.text('Peer address; null for the server itself'),
    via: oneOf(['console', 'api', 'cli'], 'Which way it came'),
    hash: text('SHA-256 over this entry and the hash of the one before'),
  },
  { $id: 'AuditEntry', description: 'An administrative act' },
)
type AuditEntryReply = Type.Static<typeof AuditEntryReply>

const AuditPage = Type.Object(
  {
    items: Type.Array(ref(AuditEntryReply), { description: 'Newest first' }),
    nextCursor: nullable.text('Null on the last page'),
  },
  { description: 'One page' },
)
const AuditFilters = Type.Object(
  {
    actor: Type.Optional(boundedText('Only acts of this user or key, by name or id', 128)),
    action: Type.Optional(boundedText('Only this action, or all that begin so: device.', 64)),
    target: Type.Optional(boundedText('Only acts on this target, or on all that begin so', 200)),
    since: Type.Optional(boundedText('Only acts at or after this time: 2026-01-31 or 2026-01-31T12:00:00Z', 40)),
    ...PAGING,
  },
  { additionalProperties: false },
)
const Verdict = Type.Object(
  {
    ok: flag('Whether every entry is what was written and none is missing'),
    entries: count('Good entries from the first on'),
    lastHash: text('Hash of the last good entry; kept elsewhere, it shows later whether newer entries were cut off'),
    firstBadId: nullable.integer('The first entry that is missing or not what was written'),
    problem: nullable.text('What is wrong with it'),
  },
  { description: 'What checking the chain has shown' },
)

const config = { access: 'administer', allProducts: true } as const

/** Who did what. Reading is no act, and is in no entry. */
export function auditRoutes(api: Api, { registry }: HttpParts): void {
  api.get(
    '/audit',
    {
      config,
      schema: {
        operationId: 'listAudit',
        summary: 'Administrative acts, newest first',
        tags: ['audit'],
        querystring: AuditFilters,
        response: { 200: AuditPage, ...keyedProblems() },
      },
    },
    async request => {
      const { actor, action, target, since, cursor } = request.query
      const filters = {
        ...(actor === undefined ? {} : { actor }),
        ...(action === undefined ? {} : { action }),
        ...(target === undefined ? {} : { target }),
        ...(since === undefined ? {} : { since: timeOf('since', since) }),
      }
      const cursors = cursorsOf('audit', filters)
      const { items, nextCursor } = await registry.store.listAudit({
        ...filters,
        ...cursors.read(cursor),
        limit: limitOf(request.query),
      })
      return { items: items.map(auditEntryReply), nextCursor: cursors.show(nextCursor) }
    },
  )
  // Whoever asks while the log is read gets the same answer.
  let checking: Promise<ChainVerdict> | undefined
  api.get(
    '/audit/verify',
    {
      config,
      handlerTimeout: STREAM_TIMEOUT_MS,
      schema: {
        operationId: 'verifyAudit',
        summary: 'Check that no entry was changed or removed; reads the whole log',
        tags: ['audit'],
        response: { 200: Verdict, ...keyedProblems() },
      },
    },
    () => {
      checking ??= verifyAudit(registry.store).finally(() => {
        checking = undefined
      })
      return checking
    },
  )
}

const auditEntryReply = ({ at, before, after, ...entry }: AuditEntry): AuditEntryReply => ({
  ...entry,
  actor: { ...entry.actor },
  at: iso(at),
  before: before && { ...before },
  after: after && { ...after },
})
