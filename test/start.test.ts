import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { leashed } from '../scripts/leashed.ts'
import { eventually } from './harness/hatchway.ts'
import { BIN, freePorts, HatchwayProcess, withoutHatchway } from './harness/hatchway-process.ts'

let folder: string
let dataDir: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hatchway-start-'))
  dataDir = join(folder, 'data')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface End {
  status: number | null
  stderr: string
  stdout: string
}

function serve(args: readonly string[], env: Record<string, string> = {}): End {
  const { status, stderr, stdout } = spawnSync(process.execPath, [BIN, 'serve', ...freePorts(dataDir), ...args], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...withoutHatchway(), ...env },
  })
  return { status, stderr, stdout }
}

function expectOneSentence(end: End, ...parts: readonly (string | RegExp)[]): void {
  expectSentence(1, end, parts)
}

function expectSentence(code: 1 | 2, { status, stderr }: End, parts: readonly (string | RegExp)[]): void {
  expect({ status, lines: stderr.trim().split('\n').length, stderr }).toEqual({ status: code, lines: 1, stderr })
  expect(stderr).not.toMatch(/\bat .*\.ts:\d+/)
  for (const part of parts) expect(stderr).toMatch(part)
}

describe('hatchway serve stops with one clear sentence and exit code 1', () => {
  it('when an MQTT port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo
    expectOneSentence(serve(['--mqtt-port', String(port)]), String(port), /in use/)
    expectOneSentence(serve(['--http-port', String(port)]), String(port), /in use/)
    await new Promise(resolve => taken.close(resolve))
  })

  it('when a certificate is broken, missing, or not of its key', async () => {
    const broken = join(folder, 'broken.pem')
    writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n')
    const server = await HatchwayProcess.start(dataDir)
    await server.end('SIGTERM')
    const file = (name: string) => join(dataDir, name)
    expectOneSentence(serve(['--tls-cert', broken, '--tls-key', file('server-rsa-key.pem')]), /broken\.pem/)
    expectOneSentence(
      serve(['--tls-cert', join(folder, 'absent.pem'), '--tls-key', file('server-rsa-key.pem')]),
      /absent\.pem/,
    )
    expectOneSentence(serve(['--tls-cert', file('server-rsa.pem'), '--tls-key', file('server-ec-key.pem')]), /key/)
    writeFileSync(file('server-rsa.pem'), 'overwritten')
    expectOneSentence(serve([]), /server-rsa\.pem/)
  })

  it('when the data folder is a file or its database no database', async () => {
    writeFileSync(dataDir, 'a file')
    expectOneSentence(serve([]), /data/)
    rmSync(dataDir)
    mkdirSync(dataDir)
    writeFileSync(join(dataDir, 'hatchway.db'), 'not a database, but long enough to be looked at as one '.repeat(40))
    expectOneSentence(serve([]), /hatchway\.db/)
  })

  it('when the data folder can never be made, or another server has it', async () => {
    expectOneSentence(serve(['--data-dir', '/proc/hatchway/data']), /\/proc\/hatchway\/data/)
    const server = await HatchwayProcess.start(dataDir)
    expectOneSentence(serve([]), /in use by another Hatchway/)
    await server.end('SIGTERM')
  })

  it('when the data folder is of a newer version', async () => {
    const server = await HatchwayProcess.start(dataDir)
    await server.end('SIGTERM')
    const database = new DatabaseSync(join(dataDir, 'hatchway.db'))
    database.exec('PRAGMA user_version = 9999')
    database.close()
    expectOneSentence(serve([]), /9999/, /newer/)
  })

  it('when the master key is missing for an existing database, of another one, or readable by others', async () => {
    const server = await HatchwayProcess.start(dataDir)
    await server.end('SIGTERM')
    const masterKey = join(dataDir, 'master.key')
    chmodSync(masterKey, 0o644)
    expectOneSentence(serve([]), /master\.key/, /600/)
    rmSync(masterKey)
    expectOneSentence(serve([]), /master\.key/)
  })
})

describe('hatchway serve stops with one clear sentence and exit code 2', () => {
  it('when a setting is unknown or bad', () => {
    expectSentence(2, serve([], { HATCHWAY_MQTT_PROT: '1883' }), [/HATCHWAY_MQTT_PROT/])
    expectSentence(2, serve(['--mqtt-host', 'not a host']), [/--mqtt-host/])
  })
})

describe('the first start', () => {
  it('prints the endpoints, the admin token once and where it is, and a second start no token', async () => {
    const args = ['--mqtt-port', '0', '--mqtt-host', '127.0.0.1', '--http-port', '0', '--data-dir', dataDir]
    const output = (): string => {
      // Ends by itself: the shell sends SIGTERM once the endpoints are there.
      const script = `"$0" "$@" & pid=$!; for i in $(seq 100); do grep -q http:// "${folder}/out" && break; sleep 0.1; done; kill $pid; wait $pid`
      const { status, stderr } = spawnSync(
        'bash',
        ['-c', `{ ${script}; } >"${folder}/out"`, process.execPath, BIN, 'serve', ...args],
        { encoding: 'utf8', env: withoutHatchway() },
      )
      expect({ status, stderr: stderr.includes('Error') }).toEqual({ status: 0, stderr: false })
      return spawnSync('cat', [`${folder}/out`], { encoding: 'utf8' }).stdout
    }
    const first = output()
    expect(first).toMatch(/mqtts?:\/\//)
    expect(first).toMatch(/http:\/\/127\.0\.0\.1:\d+/)
    expect(first).toMatch(/admin.token/i)
    const { readFileSync, statSync } = await import('node:fs')
    const token = readFileSync(join(dataDir, 'admin-token'), 'utf8').trim()
    expect(first).toContain(token)
    expect(statSync(join(dataDir, 'admin-token')).mode & 0o777).toBe(0o600)
    expect(statSync(join(dataDir, 'master.key')).mode & 0o777).toBe(0o600)
    expect(output()).not.toContain(token)
  })
})

describe('hatchway serve as a service', () => {
  it("shows no secret in systemd's journal", async () => {
    const journal = join(folder, 'journal')
    const file = openSync(journal, 'w')
    const { dev, ino } = fstatSync(file)
    const ports = ['--mqtt-port', '0', '--mqtt-host', '127.0.0.1', '--http-port', '0']
    const child = spawn(...leashed(process.execPath, [BIN, 'serve', '--data-dir', dataDir, ...ports]), {
      stdio: ['ignore', file, file],
      env: { ...withoutHatchway(), JOURNAL_STREAM: `${dev}:${ino}` },
    })
    closeSync(file)
    try {
      await eventually(async () => readFileSync(journal, 'utf8').includes('setup-link'))
      expect(readFileSync(journal, 'utf8')).not.toContain(readFileSync(join(dataDir, 'admin-token'), 'utf8').trim())
      expect(readFileSync(journal, 'utf8')).not.toContain('token=')
    } finally {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
  })
})
