import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from '../../app/config.ts'
import type { Config } from '../../app/options.ts'
import type { App, Server } from '../io.ts'
import { run } from '../testing/fake-io.ts'
import { stopWithin } from './serve.ts'

interface Started {
  config: Config
  stopped: number
}

const appWith = (server: Partial<Server>, started: Partial<Started> = {}, failure?: unknown): (() => Promise<App>) => {
  const app: App = {
    loadConfig,
    ConfigError,
    createLog: () => ({}) as ReturnType<App['createLog']>,
    migrateStore: () => Promise.reject(new Error('not asked for')),
    startServer: async config => {
      if (failure !== undefined) throw failure
      started.config = config
      return {
        mqtt: [{ host: '0.0.0.0', port: 1883, url: 'mqtt://127.0.0.1:1883' }],
        http: 'http://127.0.0.1:8080',
        caFile: '/data/ca.pem',
        adminToken: null,
        setupLink: null,
        warnings: [],
        stop: async () => {
          started.stopped = (started.stopped ?? 0) + 1
        },
        ...server,
      }
    },
  }
  return () => Promise.resolve(app)
}

describe('serve', () => {
  it('prints one JSON line when it is ready, and stops once on a signal', async () => {
    const stop = new AbortController()
    const started: Partial<Started> = {}
    const loadApp = appWith({ adminToken: 'admin-secret' }, started)
    const argv = ['serve', '--json', '--mqtt-port', '1883,443']
    const ran = await run(argv, { cwd: '/', loadApp, stop, onStdout: () => stop.abort() })
    expect(ran.code).toBe(0)
    expect(ran.stdout).toBe(
      '{"event":"ready","mqtt":["mqtt://127.0.0.1:1883"],"http":"http://127.0.0.1:8080","ca":"/data/ca.pem"}\n',
    )
    expect(ran.stderr).toContain('admin-secret')
    expect(started).toMatchObject({ config: { mqttPort: [1883, 443] }, stopped: 1 })
  })

  it('prints the link that sets the first password, to people and in the JSON line', async () => {
    const setupLink = 'http://127.0.0.1:8080/setup#token=t'
    const stop = new AbortController()
    const json = await run(['serve', '--json'], {
      cwd: '/',
      loadApp: appWith({ setupLink }),
      stop,
      onStdout: () => stop.abort(),
    })
    expect(JSON.parse(json.stdout)).toMatchObject({ event: 'ready', setup: setupLink })
    const people = await run(['serve'], { cwd: '/', loadApp: appWith({ setupLink }), stop })
    // The last line: nobody has to look for what comes next.
    expect(people.stdout).toMatch(/open this link in a browser.* once, for 24 hours\.\n {2}\S+\n$/)
    expect(people.stdout).toContain(setupLink)
  })

  it('tells people each endpoint, the key of a first start, and warnings', async () => {
    const stop = new AbortController()
    const loadApp = appWith({ adminToken: 'admin-secret', warnings: ['no RSA certificate.'] })
    const { stdout, stderr } = await run(['serve'], { cwd: '/', loadApp, stop, onStdout: () => stop.abort() })
    expect(stdout).toContain('MQTT  mqtt://127.0.0.1:1883')
    expect(stdout).toContain('HTTP  http://127.0.0.1:8080 (web console and API)')
    expect(stdout).toContain('CA    /data/ca.pem')
    expect(stdout).toMatch(/shown this once.*\n {2}admin-secret\n/)
    expect(stderr).toContain('hatchway: no RSA certificate.\n')
  })

  it.each([['--json'], []])(
    'shows no secret where the output is kept for others to read: serve %s',
    async (...flags) => {
      const stop = new AbortController()
      const loadApp = appWith({ adminToken: 'admin-secret', setupLink: 'http://127.0.0.1:8080/setup#token=t' })
      const output = { isJournaled: true, onStdout: () => stop.abort() }
      const { stdout, stderr } = await run(['serve', ...flags], { cwd: '/', loadApp, stop, ...output })
      expect(stdout + stderr).not.toMatch(/admin-secret|token=/)
      expect(stderr).toMatch(/admin-token.*hatchway user setup-link/)
    },
  )

  it('says nothing about a key that was made before', async () => {
    const stop = new AbortController()
    const { stdout } = await run(['serve'], { cwd: '/', loadApp: appWith({}), stop, onStdout: () => stop.abort() })
    expect(stdout).not.toMatch(/key/i)
  })

  it.each([
    [Object.assign(new Error('x'), { code: 'EADDRINUSE', port: 1883 }), "can't start: port 1883 is in use."],
    [Object.assign(new Error('x'), { code: 'EACCES', port: 443 }), 'may not listen on port 443'],
    [new Error('the data folder is in use.'), "can't start: the data folder is in use."],
  ])('ends with 1 and one sentence when the server can not start: %s', async (failure, said) => {
    const { code, stdout, stderr } = await run(['serve'], { cwd: '/', loadApp: appWith({}, {}, failure) })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(said)
    expect(stderr.trimEnd()).not.toContain('\n')
  })

  it.each([
    [['--mqtt-port', 'many'], {}, '--mqtt-port: "many" is not a whole number'],
    [[], { HATCHWAY_HTTP_PORT: '70000' }, 'HATCHWAY_HTTP_PORT: "70000" is out of range'],
    [['--mqtt-prot', '1'], {}, "unknown option '--mqtt-prot'\n(Did you mean --mqtt-port?)"],
  ])('ends with 2 for a setting that can not be: %j %j', async (flags, env, said) => {
    const { code, stderr } = await run(['serve', ...flags], { cwd: '/', env, loadApp: appWith({}) })
    expect(code).toBe(2)
    expect(stderr).toContain(said)
  })

  it('does not wait for ever for a server that hangs while it stops', async () => {
    await expect(stopWithin({ stop: () => new Promise(() => undefined) }, 10)).rejects.toThrow(/within 10 ms/)
  })
})
