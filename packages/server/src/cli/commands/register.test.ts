import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Answer,
  type FakePlatform,
  makeCertificate,
  startFakePlatform,
} from '../../../../device/src/testing/fake-platform.ts'
import { run } from '../testing/fake-io.ts'

let cwd: string
let tls: { cert: string; key: string }
beforeAll(async () => {
  tls = await makeCertificate()
})
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'hatchway-cli-'))
  writeFileSync(join(cwd, 'ca.pem'), tls.cert)
})
const opened: FakePlatform[] = []
afterEach(async () => {
  rmSync(cwd, { recursive: true })
  for (const platform of opened.splice(0)) await platform.close()
})
const platform = async (...answers: Answer[]): Promise<FakePlatform> => {
  const started = await startFakePlatform({ answers, tls })
  opened.push(started)
  return started
}

const SECRET = '0123456789abcdef0123456789abcdef'
const pushed: Answer = {
  kind: 'push',
  topic: '/ext/register',
  payload: `{"productKey":"al123456789","deviceName":"device1","deviceSecret":"${SECRET}"}`,
}
const token: Answer = {
  kind: 'push',
  topic: '/ext/regnwl',
  payload: '{"productKey":"al123456789","deviceName":"device1","clientId":"K19u","deviceToken":"tok3n"}',
}
const device = ['--product-key', 'al123456789', '--product-secret', 'psecret', '--device-name', 'device1']
const register = (url: string, ...more: string[]) =>
  run(['register', '--url', url, '--ca', 'ca.pem', ...device, '--mode', 'register', ...more], { cwd })

describe('register', () => {
  it('prints the credentials where no file is named', async () => {
    const { url } = await platform(pushed)
    const people = await register(url)
    expect(people).toMatchObject({ code: 0, stderr: '' })
    expect(people.stdout).toMatch(new RegExp(`DeviceSecret +${SECRET}`))
    const machine = await register(url, '--json')
    expect(JSON.parse(machine.stdout)).toEqual({
      mode: 'register',
      productKey: 'al123456789',
      deviceName: 'device1',
      deviceSecret: SECRET,
    })
  })

  it('saves them with 0600 and does not print them, with --out', async () => {
    const { url } = await platform(pushed)
    for (const flags of [[], ['--json']]) {
      const { code, stdout, stderr } = await register(url, '--out', 'cred.json', ...flags)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).not.toContain(SECRET)
    }
    expect(statSync(join(cwd, 'cred.json')).mode & 0o777).toBe(0o600)
    const saved = JSON.parse(readFileSync(join(cwd, 'cred.json'), 'utf8'))
    expect(saved).toMatchObject({ mode: 'register', deviceSecret: SECRET, url, ca: join(cwd, 'ca.pem') })
  })

  it('sends what it was asked to', async () => {
    const fake = await platform(token)
    const flags = ['--mode', 'regnwl', '--sign-method', 'hmacsha1', '--instance-id', 'iot-1', '--mqtt-version', '5']
    const { code, stdout } = await register(fake.url, ...flags, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ clientId: 'K19u', deviceToken: 'tok3n' })
    expect(fake.connects[0]?.protocolVersion).toBe(5)
    expect(fake.connects[0]?.clientId).toMatch(/authType=regnwl,.*signmethod=hmacsha1,instanceId=iot-1\|$/)
  })

  it('ends with 1 and the likely reasons when it is refused', async () => {
    const { url } = await platform({ kind: 'refuse', code: 4 })
    const { code, stdout, stderr } = await register(url)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^hatchway: registration refused with code 4: wrong ProductKey or ProductSecret/)
  })

  it.each([
    [['--url', 'mqtt://127.0.0.1:1'], /--url: registration needs TLS/],
    [['--product-key', 'a b'], /--product-key: must be/],
    [['--device-name', 'x'], /--device-name: must be/],
    [['--ca', 'absent.pem'], /--ca: can't read .*absent\.pem \(ENOENT\)/],
    [['--ca', 'other.txt'], /--ca: .* holds no PEM certificate/],
    [['--out', 'absent/cred.json'], /--out: can't write into .*absent \(ENOENT\)/],
    [['--out', '.'], /--out: .* is a folder/],
    [['--mode', 'open'], /Allowed choices are register, regnwl/],
    [['--timeout', '0'], /from 1 to 600/],
  ])('ends with 2 before anything is sent for %j', async (flags, said) => {
    const fake = await platform(pushed)
    writeFileSync(join(cwd, 'other.txt'), 'nothing')
    const { code, stderr } = await register(fake.url, ...flags)
    expect(code).toBe(2)
    expect(stderr).toMatch(said)
    expect(fake.connects).toEqual([])
  })
})

describe('connect', () => {
  const saved = (content: object): void => writeFileSync(join(cwd, 'cred.json'), JSON.stringify(content))
  const credentials = { productKey: 'al123456789', deviceName: 'device1', clientId: 'K19u', deviceToken: 'tok3n' }

  it('logs in with the saved credentials, address and CA, publishes and hangs up with --exit', async () => {
    const fake = await platform({ kind: 'accept' })
    saved({ ...credentials, url: fake.url, ca: join(cwd, 'ca.pem') })
    const flags = ['--publish', '/t', '--message', 'hi', '--exit', '--json']
    const { code, stdout, stderr } = await run(['connect', '--credentials', 'cred.json', ...flags], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line).event),
    ).toEqual(['connected', 'published'])
    await expect.poll(() => fake.openConnections()).toBe(0)
    expect(fake.received.map(packet => packet.cmd)).toEqual(['connect', 'publish', 'disconnect'])
    expect(fake.connects[0]?.clientId).toBe('K19u|securemode=-2,authType=connwl|')
  })

  it('stays and prints what comes, made safe for the terminal, until Ctrl-C', async () => {
    const fake = await platform({ kind: 'push', topic: '/al123456789/device1/user/get', payload: 'on\u001b[2J' })
    saved({ ...credentials, url: fake.url, ca: join(cwd, 'ca.pem') })
    const stop = new AbortController()
    const ran = await run(['connect', '--credentials', 'cred.json'], { cwd, stop, onStdout: () => stop.abort() })
    expect(ran).toMatchObject({ code: 0, stdout: '/al123456789/device1/user/get  on\\x1b[2J\n' })
    expect(ran.stderr).toMatch(/^connected: mqtts:/)
    await expect.poll(() => fake.openConnections()).toBe(0)
  })

  it('ends with 1 when the login is refused', async () => {
    const fake = await platform({ kind: 'refuse', code: 4 })
    saved({ ...credentials, url: fake.url })
    const { code, stderr } = await run(['connect', '--credentials', 'cred.json', '--ca', 'ca.pem'], { cwd })
    expect(code).toBe(1)
    expect(stderr).toMatch(/login refused with code 4/)
    expect(stderr).not.toContain('tok3n')
  })

  it.each([
    [{ productKey: 'x' }, [], 1, /lack "deviceName"/],
    [credentials, [], 2, /--url: is missing, and the credentials file has none/],
    [credentials, ['--message', 'x'], 2, /--message: needs --publish/],
    [credentials, ['--publish', '/t'], 2, /--publish: needs --message/],
    [credentials, ['--url', 'https://x'], 2, /--url: has the scheme https/],
  ])('ends before it connects for %j %j', async (content, flags, exitCode, said) => {
    saved(content)
    const { code, stderr } = await run(['connect', '--credentials', 'cred.json', ...flags], { cwd })
    expect(code).toBe(exitCode)
    expect(stderr).toMatch(said)
  })
})
