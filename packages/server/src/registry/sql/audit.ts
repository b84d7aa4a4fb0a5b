import type { AuditEntry, AuditFields, AuditNote, AuditQuery } from '../audit/audit-entry.ts'
import { Conditions, type Placeholder } from './conditions.ts'
import { idOfCursor } from './cursor.ts'
import { pageSize } from './page.ts'

export interface AuditRow {
  id: number
  time: number
  actor_kind: AuditNote['actor']['kind']
  actor_id: string
  actor_name: string
  action: string
  target: string
  before: string | null
  after: string | null
  address: string | null
  via: AuditNote['via']
  hash: string
}

export const AUDIT_COLUMNS =
  'id, time, actor_kind, actor_id, actor_name, action, target, "before", "after", address, via, hash'

/** In the order of the columns. */
export const auditValues = ({ id, at, actor, ...rest }: AuditEntry): (string | number | null)[] => {
  const { action, target, before, after, address, via, hash } = rest
  const [was, becomes] = [before, after].map(fields => (fields === null ? null : JSON.stringify(fields)))
  return [id, at, actor.kind, actor.id, actor.name, action, target, was ?? null, becomes ?? null, address, via, hash]
}

export const auditEntry = (row: AuditRow): AuditEntry => ({
  id: row.id,
  at: row.time,
  actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
  action: row.action,
  target: row.target,
  before: fieldsOf(row.before),
  after: fieldsOf(row.after),
  address: row.address,
  via: row.via,
  hash: row.hash,
})

const fieldsOf = (json: string | null): AuditFields | null => (json === null ? null : (JSON.parse(json) as AuditFields))

/**
 * One page of the log and an entry more, which tells whether there is a next page.
 *
 * @throws InvalidCursor
 */
export function auditQuery(query: AuditQuery, placeholder: Placeholder): { text: string; values: (string | number)[] } {
  const following = query.afterId !== undefined
  const matching = new Conditions(placeholder)
  if (query.afterId !== undefined) matching.add('id > ?', query.afterId)
  if (query.cursor !== undefined) matching.add(following ? 'id > ?' : 'id < ?', idOfCursor(query.cursor))
  if (query.actor !== undefined) matching.add('? IN (actor_id, actor_name)', query.actor)
  if (query.action !== undefined) matching.add(`action LIKE ? ESCAPE '\\'`, atStart(query.action))
  if (query.target !== undefined) matching.add(`target LIKE ? ESCAPE '\\'`, atStart(query.target))
  if (query.since !== undefined) matching.add('time >= ?', query.since)
  const limit = matching.parameter(pageSize(query.limit) + 1)
  return {
    text: `SELECT * FROM audit ${matching.where} ORDER BY id ${following ? 'ASC' : 'DESC'} LIMIT ${limit}`,
    values: matching.values,
  }
}

const atStart = (text: string): string => `${text.replace(/[\\%_]/g, '\\$&')}%`
