import { expect, test } from 'vitest'
import { PLANS, statementOf } from '../device-list-plans.suite.ts'
import { DIALECT } from './search-devices.ts'
import { stores } from './stores.suite.ts'

const { server, open } = stores()

test('filtered lists of devices read by the index that spares them most', async () => {
  const url = await server().database()
  await (await open(url)).close()
  const fill = `INSERT INTO hatchway.devices (product_id, device_name, created_at, disabled)
    SELECT 1, 'unit' || i, i, i % 10000 = 0 FROM generate_series(1, 30000) AS i`
  await server().query(`${fill}; ANALYZE hatchway.devices`, { url })
  for (const plan of PLANS) {
    const { text, values } = statementOf(plan, DIALECT)
    const onTables = text.replaceAll('FROM devices', 'FROM hatchway.devices')
    const steps = await server().query<{ 'QUERY PLAN': string }>(`EXPLAIN ${onTables}`, { url, values })
    const read = steps.map(step => step['QUERY PLAN']).filter(step => step.includes('devices'))
    expect({ ...plan, read }).toMatchObject({ read: [expect.stringContaining(plan.index)] })
  }
})
