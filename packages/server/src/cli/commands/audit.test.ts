import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chained } from '../../registry/audit/chain.ts'
import { type FakeApi, startFakeApi } from '../testing/fake-api.ts'
import { run } from '../testing/fake-io.ts'

const note = (action: string, before: object | null = null, after: object | null = null) => ({
  at: Date.UTC(2026, 0, 31, 12),
  actor: { kind: 'user', id: 'us1', name: 'ann' } as const,
  action,
  target: 'pk1/dev1',
  before: before && { ...before },
  after: after && { ...after },
  address: '192.0.2.1',
  via: 'console' as const,
})
const LOG = chained(undefined, [note('device.disable', { disabled: false }, { disabled: true }), note('b'), note('c')])
const shown = LOG.map(entry => ({ ...entry, at: new Date(entry.at).toISOString() }))

let cwd: string
const opened: FakeApi[] = []
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'hatchway-cli-'))
})
afterEach(async () => {
  rmSync(cwd, { recursive: true })
  for (const api of opened.splice(0)) await api.close()
})
async function ask(line: string, json: unknown) {
  const api = await startFakeApi(() => ({ json }))
  opened.push(api)
  const ran = await run([...line.split(' '), '--server', api.url, '--token', 'key'], { cwd, columns: 200 })
  return { ...ran, seen: api.seen }
}
const verifyFile = (text: string) => {
  writeFileSync(join(cwd, 'audit.ndjson'), text)
  return run(['audit', 'verify', '--file', 'audit.ndjson', '--json'], { cwd })
}
const page = { items: [...shown].reverse(), nextCursor: null }

describe('audit list', () => {
  it('asks with its filters and shows the newest last, with what was changed', async () => {
    const { code, stdout, seen } = await ask('audit list --actor ann --action device. --target pk1/ --limit 7', page)
    expect(code).toBe(0)
    expect(seen[0]?.url).toBe('/api/v1/audit?actor=ann&action=device.&target=pk1%2F&limit=7')
    const lines = stdout.split('\n')
    expect(lines[1]).toMatch(/user ann +device\.disable +pk1\/dev1 +disabled: false -> true +console 192\.0\.2\.1/)
    expect(lines[3]).toContain(' c ')
  })

  it('writes lines that audit verify takes', async () => {
    const { stdout } = await ask('audit list --json', page)
    const { code, stdout: verdict } = await verifyFile(stdout)
    expect(code).toBe(0)
    expect(JSON.parse(verdict)).toEqual({
      ok: true,
      entries: 3,
      lastHash: LOG[2]?.hash,
      firstBadId: null,
      problem: null,
    })
  })
})

describe('audit verify', () => {
  it('ends with 1 and names the first bad entry', async () => {
    const problem = 'entry 2 is missing; the next one there is 3'
    const verdict = { ok: false, entries: 1, lastHash: 'x', firstBadId: 2, problem }
    const ran = await ask('audit verify', verdict)
    expect(ran).toMatchObject({ code: 1, seen: [{ method: 'GET', url: '/api/v1/audit/verify' }] })
    expect(ran.stdout).toBe(`The audit log is not intact: ${problem}.\nBefore that, 1 entry is what was written.\n`)
    expect(JSON.parse((await ask('audit verify --json', verdict)).stdout)).toEqual(verdict)
  })

  it.each([
    ['a change', shown.map((entry, at) => (at === 1 ? { ...entry, target: 'other' } : entry)), 2],
    ['a gap', shown.slice(1), 1],
  ])('finds %s in a file', async (_, entries, firstBadId) => {
    const { code, stdout } = await verifyFile(entries.map(entry => `${JSON.stringify(entry)}\n`).join(''))
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, firstBadId })
  })

  it.each(['not json\n', '{}\n', 'null\n'])('says which line of a file is no entry: %j', async text => {
    const { code, stderr } = await verifyFile(`${JSON.stringify(shown[0])}\n${text}`)
    expect(code).toBe(1)
    expect(stderr).toContain('line 2 is no entry of an audit log')
  })

  it('says that a file is not there', async () => {
    const { code, stderr } = await run(['audit', 'verify', '--file', 'none'], { cwd })
    expect(code).toBe(1)
    expect(stderr).toContain('--file: ENOENT')
  })
})
