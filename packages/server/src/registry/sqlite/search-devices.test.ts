import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { PLANS, statementOf } from '../device-list-plans.suite.ts'
import { databases } from './database.suite.ts'
import { DIALECT } from './search-devices.ts'

const { file: newFile, open } = databases()

test('filtered lists of devices read by the index that spares them most', async () => {
  const file = newFile()
  await (await open(file)).close()
  const db = new DatabaseSync(file, { readOnly: true })
  for (const plan of PLANS) {
    const { text, values } = statementOf(plan, DIALECT)
    const steps = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values)
    const read = steps.map(({ detail }) => String(detail)).filter(detail => detail.includes('devices'))
    expect({ ...plan, read }).toMatchObject({ read: [expect.stringContaining(plan.index)] })
    expect(steps.map(({ detail }) => detail).join()).not.toContain('TEMP B-TREE') // it sorts nothing
  }
  db.close()
})
