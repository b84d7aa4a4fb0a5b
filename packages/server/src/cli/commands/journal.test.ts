import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type FakeApi, type Reply, type Seen, startFakeApi } from '../testing/fake-api.ts'
import { run } from '../testing/fake-io.ts'

const opened: FakeApi[] = []
afterEach(async () => {
  for (const api of opened.splice(0)) await api.close()
})
const serve = async (answer: (request: Seen, count: number) => Reply): Promise<FakeApi> => {
  const api = await startFakeApi(answer)
  opened.push(api)
  return api
}

const sentence = { en: 'The password is not the signature that the secret gives.', zh: '' }
const fix = { en: 'Compare the signed text.', zh: '' }
const entry = (id: number, more: object = {}): object => ({
  id,
  time: '2026-01-31T12:00:00.000Z',
  outcome: 'refused',
  reason: 'signature-mismatch',
  sentence,
  fix,
  productKey: 'al123456789',
  deviceName: 'device1',
  mode: 'register',
  address: '10.0.0.1',
  transport: 'tls',
  tlsVersion: 'TLSv1.3',
  tlsCipher: 'x',
  mqttVersion: '3.1.1',
  connackCode: 4,
  signedText: 'deviceNamedevice1productKeyal123456789random123',
  signMethod: 'hmacsha256',
  mistakes: [
    { code: 'wrong-order', sentence: { en: 'It signs in the wrong order.', zh: '' }, fix: { en: 'Sort.', zh: '' } },
  ],
  field: null,
  problem: null,
  firstBytes: null,
  topic: null,
  clientId: null,
  keepAliveSeconds: null,
  count: 1,
  ...more,
})
const event = (id: number, more: object = {}): string =>
  `id: ${id}\nevent: journal\ndata: ${JSON.stringify(entry(id, more))}\n\n`
const stream = (text: string, keepOpen = false): Reply => ({ raw: { type: 'text/event-stream', text }, keepOpen })

describe('journal', () => {
  it('lists newest last, with the filters passed on', async () => {
    const items = [entry(2, { reason: 'switch-off', count: 12 }), entry(1)]
    const api = await serve(() => ({ json: { items, nextCursor: null } }))
    const filters = ['--product-key', 'al123456789', '--outcome', 'refused', '--since', '2026-01-01', '--limit', '7']
    const { code, stdout } = await run(['journal', ...filters, '--server', api.url, '--token', 't'])
    expect(code).toBe(0)
    expect(api.seen[0]?.url).toBe(
      '/api/v1/journal?productKey=al123456789&outcome=refused&since=2026-01-01T00%3A00%3A00.000Z&limit=7',
    )
    const lines = stdout.split('\n')
    expect(lines[0]).toMatch(/^TIME +OUTCOME +REASON +PRODUCT\/DEVICE$/)
    expect(lines[1]).toMatch(/refused {2}signature-mismatch +al123456789\/device1$/)
    expect(lines[2]).toMatch(/switch-off x12 /)
    expect(stdout).toMatch(/\n2 entries\. Why and what to do: --details\.\n$/)
  })

  it('--details says why, what the server signs, which mistake it may be and what to do', async () => {
    const api = await serve(() => ({ json: { items: [entry(1)], nextCursor: 'more' } }))
    const { stdout } = await run(['journal', '--details', '--server', api.url, '--token', 't'])
    const flat = stdout.replace(/\n +/g, ' ')
    expect(flat).toContain('signature-mismatch (CONNACK 4): The password is not the signature that the secret gives.')
    expect(flat).toContain('The server signs (hmacsha256): deviceNamedevice1productKeyal123456789random123')
    expect(flat).toContain('Likely: It signs in the wrong order. Sort.')
    expect(flat).toContain('Fix: Compare the signed text.')
    expect(flat).toContain('From 10.0.0.1 over tls (TLSv1.3), MQTT 3.1.1, mode register')
    expect(stdout).toContain('There are older ones')
  })

  it('escapes what devices put into their names', async () => {
    const items = [entry(1, { deviceName: 'x\u001b]0;owned\u0007', problem: 'was \u009b2J', field: 'random' })]
    const api = await serve(() => ({ json: { items, nextCursor: null } }))
    for (const flags of [[], ['--details'], ['--json']]) {
      const { stdout } = await run(['journal', ...flags, '--server', api.url, '--token', 't'])
      expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    }
  })
})

describe('journal --follow', () => {
  it('prints new entries that match, until Ctrl-C', async () => {
    const api = await serve(() =>
      stream(`retry: 3000\n\n${event(5, { deviceName: 'other' })}event: presence\ndata: {}\n\n${event(6)}`, true),
    )
    const stop = new AbortController()
    const argv = ['journal', '--follow', '--json', '--device-name', 'device1', '--server', api.url, '--token', 't']
    const { code, stdout, stderr } = await run(argv, { stop, onStdout: () => stop.abort() })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line).id),
    ).toEqual([6])
    expect(api.seen[0]?.url).toBe('/api/v1/events')
  })

  it('goes on where a lost connection broke off', async () => {
    const api = await serve((_, count) => (count === 1 ? stream(event(5)) : stream(event(6), true)))
    const stop = new AbortController()
    let printed = ''
    const onStdout = (text: string): void => {
      printed += text
      if (printed.split('signature-mismatch').length === 3) stop.abort()
    }
    const { code, stderr } = await run(['journal', '--follow', '--server', api.url, '--token', 't'], { stop, onStdout })
    expect(code).toBe(0)
    expect(stderr).toContain('Ctrl-C ends')
    expect(api.seen.map(({ lastEventId }) => lastEventId)).toEqual([undefined, '5'])
  })

  it('with --since first prints what there is, then follows without a gap', async () => {
    const api = await serve(({ url }) =>
      url.startsWith('/api/v1/journal')
        ? { json: { items: [entry(9), entry(8)], nextCursor: null } }
        : stream(event(10), true),
    )
    const stop = new AbortController()
    const ids: number[] = []
    const onStdout = (text: string): void => {
      ids.push(JSON.parse(text).id)
      if (ids.includes(10)) stop.abort()
    }
    await run(['journal', '--follow', '--json', '--since', '1h', '--server', api.url, '--token', 't'], {
      stop,
      onStdout,
    })
    expect(ids).toEqual([8, 9, 10])
    expect(api.seen[1]?.lastEventId).toBe('9')
  })

  it('ends with 1 when the first attempt is refused', async () => {
    const api = await serve(() => ({ status: 403, json: { detail: 'Not for this key.', fix: 'Use another.' } }))
    const { code, stderr } = await run(['journal', '--follow', '--server', api.url, '--token', 't'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'hatchway: Not for this key. Use another.\n' })
  })
})

describe('explain', () => {
  const explanation = {
    decision: 'would-refuse',
    reason: 'signature-mismatch',
    sentence,
    fix,
    mode: 'register',
    productKey: 'al123456789',
    deviceName: 'device1',
    connackCode: 4,
    mqtt5ReasonCode: 0x86,
    retryable: false,
    signedText: 'deviceNamedevice1productKeyal123456789random123',
    signMethod: 'hmacsha256',
    mistakes: [],
    steps: [
      { step: 'parse', ok: true, sentence: { en: 'The block is complete.', zh: '' } },
      { step: 'signature', ok: false, sentence: { en: 'It does not match.', zh: '' } },
    ],
    connect: null,
  }
  const dumped = {
    ...{ mqttVersion: '3.1.1', clientId: 'a|b|\u001b', userName: 'u&p', hasPassword: true },
    ...{ keepAliveSeconds: 30, cleanStart: true, willTopic: null },
  }
  const argv = ['explain', '--client-id', 'a|b|', '--user-name', 'u&p', '--password', 'ff', '--keep-alive', '30']

  it('prints the steps and the verdict, and ends with 1 for a refusal', async () => {
    const api = await serve(() => ({ json: explanation }))
    const { code, stdout, stderr } = await run([...argv, '--server', api.url, '--token', 't'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toContain('ok    parse: The block is complete.\nFAIL  signature: It does not match.\n')
    expect(stdout).toContain('This CONNECT would be refused. CONNACK 4, signature-mismatch.')
    expect(stdout).toContain('deviceNamedevice1productKeyal123456789random123')
    expect(JSON.parse(api.seen[0]?.body ?? '')).toEqual({
      clientId: 'a|b|',
      userName: 'u&p',
      password: 'ff',
      keepAliveSeconds: 30,
    })
  })

  it('ends with 0 for what would be let in', async () => {
    const api = await serve(() => ({ json: { ...explanation, decision: 'would-register', connackCode: 0 } }))
    const { code, stdout } = await run([...argv, '--json', '--server', api.url, '--token', 't'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ decision: 'would-register' })
  })
  it.each([
    ['--connect-hex', ['--connect-hex', '10 0f'], undefined],
    ['a file with a dump', ['--file', 'dump.txt'], Buffer.from('10 0f')],
    ['a file with the packet itself', ['--file', 'dump.txt'], Buffer.from('100f', 'hex')],
    ['standard input', ['--file', '-'], undefined],
  ])('takes the CONNECT from %s, and shows what stands in it', async (_, how, file) => {
    const cwd = mkdtempSync(join(tmpdir(), 'hatchway-cli-'))
    if (file !== undefined) writeFileSync(join(cwd, 'dump.txt'), file)
    const api = await serve(() => ({ json: { ...explanation, connect: dumped } }))
    const io = { cwd, readStdin: async () => '10 0f' }
    const { code, stdout } = await run(['explain', ...how, '--server', api.url, '--token', 't'], io)
    rmSync(cwd, { recursive: true })
    expect(code).toBe(1)
    const { connectHex } = JSON.parse(api.seen[0]?.body ?? '') as { connectHex: string }
    expect(connectHex.replace(' ', '')).toBe('100f')
    expect(stdout).toContain('CONNECT of MQTT 3.1.1, Keep Alive 30 s\n  clientId  a|b|\\x1b\n  userName  u&p\n')
    expect(stdout).toContain('  password  (not shown)\n')
  })

  it.each([
    [['--client-id', 'a', '--connect-hex', '10'], /Give one of/],
    [['--connect-hex', '10', '--password', 'x'], /go with --client-id only/],
    [['--file', 'absent'], /absent: can't be read \(ENOENT\)/],
  ])('is used wrongly with %j', async (how, said) => {
    const { code, stderr } = await run(['explain', ...how, '--server', 'http://127.0.0.1:9', '--token', 't'])
    expect(code).toBe(2)
    expect(stderr).toMatch(said)
  })
})
