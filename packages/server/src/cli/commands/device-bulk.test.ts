import { afterEach, describe, expect, test } from 'vitest'
import { type FakeApi, type Reply, type Seen, startFakeApi } from '../testing/fake-api.ts'
import { type IoChange, run } from '../testing/fake-io.ts'

const opened: FakeApi[] = []
afterEach(async () => {
  for (const api of opened.splice(0)) await api.close()
})

/** A server with so many devices that match, which it changes in parts. */
const bulk = async (
  matching: number,
  argv: string,
  change: IoChange = {},
  answer?: (seen: Seen) => Reply | undefined,
) => {
  let left = matching
  const api = await startFakeApi(seen => {
    const own = answer?.(seen)
    if (own) return own
    if (seen.method === 'GET') return { json: { count: matching, nextCursor: null } }
    const { limit } = JSON.parse(seen.body) as { limit: number }
    const done = Math.min(limit, left)
    left -= done
    return { json: { done, failures: [], nextCursor: left > 0 ? `at-${left}` : null } }
  })
  opened.push(api)
  const ran = await run(['device', 'bulk', ...argv.split(' '), '--server', api.url, '--token', 'key'], change)
  const posted = api.seen.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body) as object)
  return { ...ran, seen: api.seen, posted }
}
const away: Reply = { status: 503, json: { detail: 'The store is away.', code: 'store-unavailable' } }

describe('device bulk', () => {
  test('changes all that match, part by part, no more than were counted', async () => {
    const { code, stdout, seen, posted } = await bulk(1200, 'disable --product-key pk1 --search sn- --expect 1200')
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('1200 done, 0 failed.\n') })
    expect(seen[0]?.url).toBe('/api/v1/devices/count?productKey=pk1&search=sn-')
    const filter = { action: 'disable', productKey: 'pk1', search: 'sn-' }
    expect(posted).toEqual([
      { ...filter, limit: 500 },
      { ...filter, limit: 500, cursor: 'at-700' },
      { ...filter, limit: 200, cursor: 'at-200' },
    ])
  })

  test('asks for the number, and changes nothing for another one', async () => {
    const asked: string[] = []
    const answer = (text: string): IoChange => ({
      isInteractive: true,
      ask: async question => {
        asked.push(question)
        return text
      },
    })
    expect(await bulk(37, 'delete --status UNACTIVE', answer('y'))).toMatchObject({ code: 1, posted: [] })
    expect(asked).toEqual(['This will delete 37 devices. Type the number to go on: '])
    expect(await bulk(37, 'delete --status UNACTIVE', answer('37'))).toMatchObject({ code: 0, posted: [{ limit: 37 }] })
  })

  test('without anybody to ask, says how many there are and what to add', async () => {
    const ran = await bulk(37, 'delete --search x')
    expect(ran).toMatchObject({ code: 2, posted: [], stderr: expect.stringContaining('add --expect 37') })
  })

  test('with more than expected changes nothing', async () => {
    const ran = await bulk(38, 'delete --search x --expect 37')
    expect(ran).toMatchObject({
      code: 1,
      posted: [],
      stderr: expect.stringContaining('38 devices match, more than the 37'),
    })
  })

  test('tells of those that failed', async () => {
    const failures = [{ productKey: 'pk1', deviceName: 'SN-0001', reason: 'device-not-found', problem: 'It is gone.' }]
    const part = (seen: Seen) =>
      seen.method === 'POST' ? { json: { done: 1, failures, nextCursor: null } } : undefined
    expect(await bulk(2, 'reset --all --expect 2', {}, part)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('pk1/SN-0001: It is gone.\n1 done, 1 failed.\n'),
    })
    const { code, stdout } = await bulk(2, 'reset --all --expect 2 --json', {}, part)
    expect({ code, json: JSON.parse(stdout) }).toEqual({ code: 1, json: { matched: 2, done: 1, failed: 1, failures } })
  })

  test('when the server fails on the way, says how far it got', async () => {
    const { code, stderr } = await bulk(1200, 'disable --all --expect 1200', {}, ({ body }) =>
      body.includes('at-700') ? away : undefined,
    )
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('500 of 1200 devices were changed') })
  })

  test('stops between two parts', async () => {
    const stop = new AbortController()
    const { code, stderr, posted } = await bulk(1200, 'disable --all --expect 1200', { stop }, ({ method }) => {
      if (method === 'POST') stop.abort()
      return undefined
    })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('Stopped. 500 of 1200 devices') })
    expect(posted).toHaveLength(1)
  })

  test.each([
    ['enable', 'Say which devices'],
    ['enable --all --search x', 'leave it out'],
    ['paint --all', 'paint'],
    ['reset --created-before soon', '--created-before'],
  ])('is refused for "%s"', async (argv, problem) => {
    expect(await bulk(1, argv)).toMatchObject({ code: 2, seen: [], stderr: expect.stringContaining(problem) })
  })

  test('nothing that matches is no failure', async () => {
    expect(await bulk(0, 'delete --search x --expect 5')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/No devices/),
    })
  })
})
