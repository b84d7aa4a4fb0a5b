import type { JournalQuery } from '../store.ts'
import { Conditions, type Placeholder } from './conditions.ts'
import { idOfCursor } from './cursor.ts'
import { pageSize } from './page.ts'

/**
 * One page of the journal and an entry more, which tells whether there is a next page: newest first, or from `afterId` on
 * in the order of their coming.
 *
 * @throws InvalidCursor
 */
export function journalQuery(
  query: JournalQuery,
  placeholder: Placeholder,
): { text: string; values: (string | number)[] } {
  const following = query.afterId !== undefined
  const matching = new Conditions(placeholder)
  if (query.afterId !== undefined) matching.add('id > ?', query.afterId)
  if (query.cursor !== undefined) matching.add(following ? 'id > ?' : 'id < ?', idOfCursor(query.cursor))
  if (query.deviceName !== undefined) matching.add('device_name = ?', query.deviceName)
  if (query.productKey !== undefined) matching.add('product_key = ?', query.productKey)
  if (query.outcome !== undefined) matching.add('outcome = ?', query.outcome)
  if (query.reason !== undefined) matching.add('reason = ?', query.reason)
  if (query.since !== undefined) matching.add('time >= ?', query.since)
  const order = following ? 'ASC' : 'DESC'
  const limit = matching.parameter(pageSize(query.limit) + 1)
  return {
    text: `SELECT * FROM journal ${matching.where} ORDER BY id ${order} LIMIT ${limit}`,
    values: matching.values,
  }
}
