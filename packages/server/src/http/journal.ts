import { isReasonCode } from '@hatchway/protocol'
import { Type } from 'typebox'
import { callerOf } from './caller.ts'
import { productFilter } from './coverage.ts'
import { timeOf } from './iso-time.ts'
import { JournalEntryReply, journalEntryReply, OUTCOMES } from './journal-entry.ts'
import { cursorsOf, limitOf, PAGING } from './paging.ts'
import type { Api, HttpParts } from './parts.ts'
import { Problem } from './problem.ts'
import { boundedText, keyedProblems, nullable, oneOf, ref } from './schemas.ts'

const JournalPage = Type.Object(
  {
    items: Type.Array(ref(JournalEntryReply), { description: 'Newest first' }),
    nextCursor: nullable.text('Null on the last page'),
  },
  { description: 'One page' },
)

const JournalFilters = Type.Object(
  {
    productKey: Type.Optional(boundedText('Only entries of this product', 64)),
    deviceName: Type.Optional(boundedText('Only entries of this device', 64)),
    outcome: Type.Optional(oneOf(OUTCOMES, 'Only entries with this outcome')),
    reason: Type.Optional(boundedText('Only entries with this reason code', 64)),
    since: Type.Optional(boundedText('Only entries at or after this time: 2026-01-31 or 2026-01-31T12:00:00Z', 40)),
    ...PAGING,
  },
  { additionalProperties: false },
)

export function journalRoutes(api: Api, { registry }: HttpParts): void {
  api.get(
    '/journal',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listJournal',
        summary: 'Refused CONNECTs, registrations and dropped traffic, newest first',
        tags: ['journal'],
        querystring: JournalFilters,
        response: { 200: JournalPage, ...keyedProblems(404) },
      },
    },
    async request => {
      const { deviceName, outcome, reason, since, cursor } = request.query
      if (reason !== undefined) checkReason(reason)
      const filters = {
        ...productFilter(callerOf(request), request.query.productKey),
        ...(deviceName === undefined ? {} : { deviceName }),
        ...(outcome === undefined ? {} : { outcome }),
        ...(reason === undefined ? {} : { reason }),
        ...(since === undefined ? {} : { since: timeOf('since', since) }),
      }
      const cursors = cursorsOf('journal', filters)
      const page = await registry.store.listJournal({
        ...filters,
        ...cursors.read(cursor),
        limit: limitOf(request.query),
      })
      return { items: page.items.map(journalEntryReply), nextCursor: cursors.show(page.nextCursor) }
    },
  )
}

function checkReason(code: string): void {
  if (isReasonCode(code)) return
  throw new Problem('field-invalid', {
    status: 400,
    field: 'reason',
    detail: 'reason is not a reason code.',
    fix: 'Give a code as journal entries show it, such as signature-mismatch.',
  })
}
