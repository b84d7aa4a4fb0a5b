import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { widthOf } from '../printable.ts'
import { loadApp } from '../process-io.ts'
import { run } from '../testing/fake-io.ts'

// The real server and real MQTT clients, in this process.
const STEPS = [
  ...['server', 'product', 'register', 'secret-login', 'regnwl', 'token-login'],
  ...['application', 'property-post', 'user-update', 'command', 'refused'],
]

describe('demo', () => {
  it('goes through the whole story on a real server and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await run(['demo', '--exit', '--json'], { loadApp })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const events = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(events.map(({ step, event }) => step ?? event)).toEqual([...STEPS, 'done'])
    expect(events.at(-2)).toMatchObject({ code: 4, reason: 'signature-mismatch' })
    expect(existsSync(events[0].ca)).toBe(false)
    await expect(fetch(`${events[0].http}/healthz`)).rejects.toThrow()
  })

  it('tells people in 80 columns, without colours or usable secrets, and stays up until Ctrl-C', async () => {
    const stop = new AbortController()
    let printed = ''
    const onStdout = (text: string): void => {
      printed += text
      if (text.includes('curl -H')) stop.abort()
    }
    const { code } = await run(['demo'], { loadApp, stop, onStdout })
    expect(code).toBe(0)
    const [story = '', paste = ''] = printed.split('The server stays up')
    for (const line of story.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(80)
    expect(printed).not.toContain('\u001b')
    const [, secret = ''] = /--product-secret (\w+)/.exec(paste) ?? []
    // A newcomer gets into the web console from here.
    expect(paste.trimEnd().split('\n').at(-1)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/setup#token=\S+$/)
    const [, applicationSecret = ''] = /-P (\w+)/.exec(paste) ?? []
    for (const text of [secret, applicationSecret]) {
      expect(text.length).toBeGreaterThan(10)
      expect(story).not.toContain(text)
    }
    expect(story).toMatch(/"deviceSecret":"\w{6}…"/)
    expect(story).toMatch(/"deviceToken":"\w{6}…"/)
    expect(story).toContain('likely')
  })

  it('colours a terminal, unless NO_COLOR is set', async () => {
    const coloured = await run(['demo', '--exit'], { loadApp, isTerminal: true })
    expect(coloured.stdout).toContain('\u001b[1m')
    const plain = await run(['demo', '--exit'], { loadApp, isTerminal: true, env: { NO_COLOR: '1' } })
    expect(plain.stdout).not.toContain('\u001b')
  })

  it('ends with 1 and a sentence when a step fails', async () => {
    const failing: typeof loadApp = async () => {
      const app = await loadApp()
      return {
        ...app,
        startServer: async (config, parts) => ({ ...(await app.startServer(config, parts)), adminToken: 'wrong' }),
      }
    }
    const { code, stderr } = await run(['demo', '--exit'], { loadApp: failing })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^hatchway: .*API key/)
  })
})
