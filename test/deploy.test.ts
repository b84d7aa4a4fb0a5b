import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../packages/server/src/app/index.ts'
import { serverProgram } from '../scripts/prerequisites.ts'
import { codeBlocks, ROOT, readDocument } from './harness/documents.ts'
import { HatchwayProcess } from './harness/hatchway-process.ts'

/** Titles of tests as they stand in the code. */
function sourcesOfTests(): string {
  const files = ['packages/server/src', 'test'].flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.test.ts') && name !== 'deploy.test.ts')
      .map(name => join(folder, name)),
  )
  return files.map(readDocument).join('\n')
}

/** `NAME: value` or `NAME=value` of settings, with what the operator fills in filled in. */
function settingsIn(text: string): Record<string, string> {
  const found = [...text.matchAll(/^ *(?:Environment=)?(HATCHWAY_\w+)[:=] *(.+)$/gm)]
  return Object.fromEntries(
    found.map(([, name, value = '']) => [name, value.replaceAll(/\$\{\w+:\?[^}]*\}/g, 'filled-in')]),
  )
}

const accepts = (program: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, NATS_PASSWORD: 'filled-in' },
  })
  expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: stdout + stderr })
}

describe('docs/deploy.md', () => {
  it('names a test that is there for each part that can fail', () => {
    const rows =
      readDocument('docs/deploy.md')
        .split('## When a part fails')[1]
        ?.match(/^\| (?!what|---).*$/gm) ?? []
    expect(rows.length).toBeGreaterThan(15)
    const tests = sourcesOfTests()
    for (const row of rows) {
      const title = /_“([^”]+)”_/.exec(row)?.[1]
      expect(title !== undefined && tests.includes(title), row).toBe(true)
    }
  })

  it('gives settings that are accepted, and commands and options that exist', () => {
    const shell = codeBlocks(readDocument('docs/deploy.md')).filter(({ language }) => language === 'sh')
    const script = shell.map(({ content }) => content).join('\n')
    const env = Object.fromEntries(
      [...script.matchAll(/(HATCHWAY_\w+)=([^\s…]+)/g)].map(([, name, value]) => [name, value]),
    )
    expect(Object.keys(env).length).toBeGreaterThan(4)
    loadConfig({ flags: {}, env, cwd: tmpdir() })
    const pages = readDocument('docs/cli.md')
    const commands = [...script.replaceAll('\\\n', ' ').matchAll(/(?:npx hatchway|hatchway\.js) (.*)$/gm)].map(
      ([, rest = '']) => rest,
    )
    expect(commands.length).toBeGreaterThan(2)
    for (const command of commands) {
      const words = /^((?:[a-z][a-z-]* )*)/.exec(command)?.[1]?.trim().split(' ').slice(0, 2).join(' ') ?? ''
      if (words !== '') expect(pages).toContain(`hatchway ${words.startsWith('product') ? words : words.split(' ')[0]}`)
      for (const [flag] of command.matchAll(/--[a-z-]+/g)) if (flag !== '--help') expect(pages).toContain(flag)
    }
  })
})

describe('the files in deploy/', () => {
  it('hold settings that are accepted together', () => {
    for (const file of ['deploy/hatchway.service', 'Dockerfile', 'deploy/compose/compose.yaml']) {
      const env = settingsIn(readDocument(file).replaceAll(/^ENV .*$/gm, line => line.replaceAll(' ', '\n')))
      expect(Object.keys(env).length, file).toBeGreaterThan(0)
      loadConfig({ flags: {}, env, cwd: tmpdir() })
    }
  })

  it('fit together: the balancer is the one that gateways trust, and its header goes to the port for it', () => {
    const compose = readDocument('deploy/compose/compose.yaml')
    const env = settingsIn(compose)
    expect(/ipv4_address: (\S+)/.exec(compose)?.[1]).toBe(env['HATCHWAY_PROXY_PROTOCOL_TRUSTED'])
    const servers = [...readDocument('deploy/compose/haproxy.cfg').matchAll(/^ +server (\S+) (\S+):(\d+)$/gm)]
    expect(servers.map(([, name, host, port]) => [name, host, port])).toEqual(
      ['gateway-1', 'gateway-2'].map(name => [name, name, env['HATCHWAY_PROXY_PROTOCOL_PORTS']]),
    )
    for (const [, name] of servers) expect(compose).toContain(`hostname: ${name}`)
    const upstreams = new URL(env['HATCHWAY_UPSTREAM_URL']?.split(',')[0] ?? '')
    expect(readDocument('deploy/compose/nats.conf')).toContain(`port: ${upstreams.port}`)
  })

  it('are read by the programs that they are for', () => {
    accepts(serverProgram('haproxy', '-v') ?? 'haproxy', '-c', '-f', join(ROOT, 'deploy/compose/haproxy.cfg'))
    const nats = ['--config', join(ROOT, 'deploy/compose/nats.conf'), '--name', 'nats-1', '-t']
    accepts(serverProgram('nats-server', '--version') ?? 'nats-server', ...nats)
  })

  it('name files that are there', () => {
    const copied = [...readDocument('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = '']) =>
      from.split(' '),
    )
    expect(copied.length).toBeGreaterThan(4)
    const mounted = [...readDocument('deploy/compose/compose.yaml').matchAll(/\.\/([\w.]+\.(?:conf|cfg)):/g)].map(
      ([, file]) => `deploy/compose/${file}`,
    )
    const started = /^ExecStart=\S+ (\S+) serve$/m.exec(readDocument('deploy/hatchway.service'))?.[1] ?? ''
    for (const file of [...copied, ...mounted, started]) expect(existsSync(join(ROOT, file)), file).toBe(true)
  })
})

describe('the health check of the image', () => {
  it.each([['false'], ['true']])('tells whether the server is ready, HATCHWAY_HTTP_TLS=%s', async tls => {
    const folder = mkdtempSync(join(tmpdir(), 'hatchway-image-'))
    const [program = '', ...args]: string[] = JSON.parse(
      /^HEALTHCHECK [\s\S]*?CMD (\[.*\])$/m.exec(readDocument('Dockerfile'))?.[1] ?? '[]',
    )
    const server = await HatchwayProcess.start(folder, ['--http-tls', tls])
    const check = (port: string) => {
      const env = { ...process.env, HATCHWAY_HTTP_TLS: tls, HATCHWAY_HTTP_PORT: port }
      return spawnSync(program, args, { env, timeout: 30_000 }).status
    }
    try {
      expect(check(new URL(server.http).port)).toBe(0)
      expect(check('1')).toBe(1)
    } finally {
      await server.end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
