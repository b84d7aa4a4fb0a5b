import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Hatchway } from './harness/hatchway.ts'

let hatchway: Hatchway
beforeAll(async () => {
  hatchway = await Hatchway.start({ publicHost: 'mqtt.example', instanceId: 'iot-060a0abc', journalLimit: '5000' })
})
afterAll(() => hatchway.close())

describe('the page of the system', () => {
  it('shows where the server listens, what it presents, where it keeps things and how full it is', async () => {
    const { body } = await hatchway.api('GET', '/system')
    expect(body).toMatchObject({
      instanceId: 'iot-060a0abc',
      publicHosts: ['mqtt.example'],
      endpoints: [
        { kind: 'mqtt', url: `mqtt://127.0.0.1:${hatchway.endpoint.port}` },
        { kind: 'http', url: hatchway.http },
      ],
      storage: { kind: 'sqlite', ok: true, problem: null },
      ...{ broker: { kind: 'embedded', upstream: [] }, gateways: [], workers: [] },
    })
    expect(body.storage.sizeBytes).toBeGreaterThan(10_000)
    const [ca, rsa, ec] = body.certificates
    expect([ca, rsa, ec].map(({ kind }) => kind)).toEqual(['ca', 'rsa', 'ec'])
    expect(rsa.names).toContain('mqtt.example')
    expect(ca.daysLeft).toBeGreaterThan(rsa.daysLeft)
    expect(ec.sha256).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    expect(body.limits).toContainEqual(
      expect.objectContaining({ name: 'journal-entries', limit: 5000, setting: 'HATCHWAY_JOURNAL_LIMIT' }),
    )
  })
})
