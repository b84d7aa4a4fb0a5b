import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  applicationMayPublish,
  applicationMaySubscribe,
  DEVICE_TOPIC_LIMITS,
  deviceMayPublish,
  deviceMaySubscribe,
  downlinkFilters,
  isReasonCode,
  MAX_SUB_DEVICES,
  PLATFORM_TOPICS,
  REASON_CODES,
  reason,
} from '@hatchway/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configOptions, loadConfig } from '../packages/server/src/app/index.ts'
import { OPTIONS } from '../packages/server/src/app/options.ts'
import { MAX_DEVICES, MAX_MESSAGES_PER_SECOND } from '../packages/server/src/cli/simulate/plan.ts'
import { maxDiagnosesPerSecond } from '../packages/server/src/onboarding/diagnosis.ts'
import { httpRegistrationCode } from '../packages/server/src/onboarding/http-registration.ts'
import { maxKeepAliveSeconds, minKeepAliveSeconds } from '../packages/server/src/onboarding/keep-alive.ts'
import { subDeviceCode } from '../packages/server/src/onboarding/sub-devices.ts'
import { DEFAULT_PRODUCT_SETTINGS } from '../packages/server/src/registry/product-settings.ts'
import { withParts } from '../scripts/docs-markers.ts'
import { generatedPages, type ServerFacts, serverFacts } from '../scripts/docs-pages.ts'
import { codeBlocks, DOCUMENTS, flat, prose, ROOT, readDocument, runBash } from './harness/documents.ts'
import { Hatchway } from './harness/hatchway.ts'
import { BIN, withoutHatchway } from './harness/hatchway-process.ts'

let folder: string
let hatchway: Hatchway
let facts: ServerFacts
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hatchway-docs-test-'))
  hatchway = await Hatchway.start({ dataDir: join(folder, 'hatchway-data'), adminToken: undefined })
  facts = await serverFacts(hatchway.http)
})
afterAll(async () => {
  await hatchway.close()
  rmSync(folder, { recursive: true, force: true })
})

const pk = 'a1B2c3D4e5F'
const dn = 'SN20260001'
const named = (topic: string): string => topic.replace('{pk}', pk).replace('{dn}', dn)
const shell = (file: string, heading?: string): string[] =>
  codeBlocks(readDocument(file))
    .filter(block => block.language === 'sh' && (heading === undefined || block.heading === heading))
    .map(({ content }) => content)
const codes = (text: string): string[] => [...text.matchAll(/`([^`\n]+)`/g)].map(match => match[1] ?? '')
/** Rows of the tables under a heading, without titles. */
function tableRows(file: string, heading: string): string[][] {
  const section =
    readDocument(file)
      .split(/^#+ /m)
      .find(part => part.startsWith(`${heading}\n`)) ?? ''
  const rows = section.split('\n').filter(line => line.startsWith('|'))
  return rows.slice(2).map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  )
}

describe('generated parts', () => {
  it('are those of the code as it is; else run npm run docs', () => {
    for (const page of generatedPages(facts)) {
      const text = readDocument(page.file)
      expect(withParts(text, page) === text, `${page.file} is out of date: run npm run docs`).toBe(true)
    }
  })
})

describe('what documents name exists', () => {
  // As GitHub makes them: lower case, spaces to dashes, punctuation gone.
  const anchorsOf = (file: string): Set<string> =>
    new Set(
      [...prose(readDocument(file)).matchAll(/^#+ (.*)$/gm)].map(match =>
        (match[1] ?? '')
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
          .replaceAll(' ', '-'),
      ),
    )

  it.each(DOCUMENTS)('%s: the targets of its links', file => {
    for (const [, target = ''] of prose(readDocument(file)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue
      const [path = '', anchor] = target.split('#')
      const linked = path === '' ? file : join(dirname(file), path)
      expect(existsSync(join(ROOT, linked)), `${file}: dead link ${target}`).toBe(true)
      if (anchor !== undefined) expect([...anchorsOf(linked)], `${file}: dead link ${target}`).toContain(anchor)
    }
  })

  it.each(DOCUMENTS)('%s: paths of the repository', file => {
    const paths = codes(prose(readDocument(file))).filter(text =>
      /^(packages|examples|docs|test|scripts)\/[\w./-]*$/.test(text),
    )
    for (const path of paths) expect(existsSync(join(ROOT, path)), `${file}: ${path}`).toBe(true)
  })

  it.each(DOCUMENTS)('%s: settings and variables', file => {
    const known = [
      ...configOptions.map(({ env }) => env),
      'HATCHWAY_CA',
      'HATCHWAY_CONFIG',
      'HATCHWAY_SERVER',
      'HATCHWAY_TOKEN',
    ]
    for (const [variable] of readDocument(file).matchAll(/HATCHWAY_[A-Z_]*[A-Z]/g)) expect(known).toContain(variable)
    const serveFlags = configOptions.map(({ flag }) => flag)
    const helpTexts = readDocument('docs/cli.md')
    for (const text of codes(prose(readDocument(file)))) {
      for (const [flag] of text.matchAll(/(?<=^|\s)--[a-z][a-z-]+/g)) {
        const isKnown = serveFlags.includes(flag) || helpTexts.includes(`${flag} `) || flag === '--cafile'
        expect(isKnown, `${file}: there is no ${flag}`).toBe(true)
      }
    }
  })

  it.each(DOCUMENTS)('%s: routes of the API', file => {
    const known = Object.keys(facts.api.paths).map(path => path.replaceAll(/\{\w+\}/g, '*'))
    for (const text of codes(prose(readDocument(file)))) {
      const route =
        /^(?:GET |POST |PATCH |DELETE )?(\/(?:api\/v1\/|metrics|healthz|readyz|ca\.pem|auth\/)[^ ?]*)$/.exec(text)?.[1]
      if (route !== undefined) expect(known, file).toContain(route.replaceAll(/\{\w+\}/g, '*'))
    }
  })

  it('reasons in the tables of docs/operations.md', () => {
    const matches = [...readDocument('docs/operations.md').matchAll(/\((`[a-z-]+`(?:, `[a-z-]+`)*)\)/g)]
    const reasons = matches.flatMap(match => codes(match[1] ?? ''))
    expect(reasons.length).toBeGreaterThan(8)
    for (const code of reasons) expect(isReasonCode(code), code).toBe(true)
  })

  it('filters that an application may have', () => {
    const rows = tableRows('docs/http-api.md', 'API keys').flatMap(([cell = '']) => codes(cell))
    const filters = rows.filter(text => text.startsWith('/'))
    expect(filters).toHaveLength(4)
    const coverage = { products: new Set(['al123456789']) }
    for (const filter of filters) expect(applicationMaySubscribe(coverage, filter), filter).toBe(true)
    expect(applicationMaySubscribe(coverage, '/+/SN-0001/user/get')).toBe(false)
    expect(applicationMayPublish(coverage, '/al123456789/SN-0001/user/get')).toBe(true)
  })

  it('body codes of the registration by HTTP', () => {
    const shown = tableRows('docs/http-api.md', 'Registration by HTTP').map(([code]) => Number(code))
    const inCode = REASON_CODES.filter(code => reason(code).connack !== 0).map(httpRegistrationCode)
    expect(shown.toSorted()).toEqual([...new Set([200, ...inCode])].toSorted())
  })

  it('codes of the answer to a gateway', () => {
    const shown = tableRows('docs/devices.md', 'Sub-devices of a gateway').map(([code]) => Number(code))
    const inCode = REASON_CODES.filter(code => reason(code).connack !== 0).map(subDeviceCode)
    expect(shown.filter(code => !Number.isNaN(code)).toSorted()).toEqual([...new Set(inCode)].toSorted())
  })

  it('numbers are those of the code', () => {
    const sentences: readonly [file: string, text: string][] = [
      ['docs/devices.md', `at most ${DEFAULT_PRODUCT_SETTINGS.clientIdLimit} for one DeviceName`],
      ['docs/devices.md', `after ${OPTIONS.registrationTimeoutMs.default / 1000} seconds the server closes it`],
      ['docs/devices.md', `Send ${minKeepAliveSeconds} to ${maxKeepAliveSeconds} seconds`],
      ['docs/devices.md', `CONNECT ${OPTIONS.connectsPerMinute.default} times a minute`],
      [
        'docs/devices.md',
        `at most ${OPTIONS.maxTopicBytes.default} bytes and ${OPTIONS.maxTopicSlashes.default} slashes`,
      ],
      ['docs/devices.md', `a payload at most ${OPTIONS.maxPayloadBytes.default} bytes`],
      ['docs/devices.md', `devices behind it, at most ${MAX_SUB_DEVICES} at once`],
      ['docs/operations.md', `${MAX_DEVICES.toLocaleString('en')} devices are the limit of one process`],
      ['docs/operations.md', `${MAX_MESSAGES_PER_SECOND.toLocaleString('en')} messages a second`],
      ['docs/reasons.md', `at most ${maxDiagnosesPerSecond} refused CONNECTs a second`],
      ['docs/reasons.zh-CN.md', `每秒最多对 ${maxDiagnosesPerSecond} 个`],
      ['README.md', `MQTT on port ${OPTIONS.mqttPort.default[0]}`],
      ['README.md', `http://${OPTIONS.httpHost.default}:${OPTIONS.httpPort.default}`],
    ]
    for (const [file, text] of sentences) expect(flat(readDocument(file))).toContain(text)
    const { maxBytes, maxSlashes } = DEVICE_TOPIC_LIMITS
    expect([maxBytes, maxSlashes]).toEqual([OPTIONS.maxTopicBytes.default, OPTIONS.maxTopicSlashes.default])
  })
})

describe('docs/configuration.md', () => {
  it('shows a config file that is read', () => {
    const [block] = codeBlocks(readDocument('docs/configuration.md')).filter(({ language }) => language === 'json')
    const file = join(folder, 'hatchway.config.json')
    writeFileSync(file, block?.content ?? '')
    expect(loadConfig({ flags: {}, env: {}, cwd: folder })).toMatchObject({
      mqttPort: [1883, 443, 8883],
      logLevel: 'warn',
    })
    rmSync(file)
  })

  it('has every setting of a product with its default', () => {
    const shown = tableRows('docs/configuration.md', 'Settings of a product').map(([name = '', value]) => [
      codes(name)[0],
      value,
    ])
    const inCode = Object.entries(DEFAULT_PRODUCT_SETTINGS).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value),
    ])
    expect(shown).toEqual(inCode)
  })
})

describe('docs/devices.md', () => {
  it('shows OpenSSL commands that print the password of the CONNECT above them', async () => {
    const blocks = codeBlocks(readDocument('docs/devices.md'))
    const commands = blocks.flatMap(({ language, content }, index) => (language === 'sh' ? [{ content, index }] : []))
    expect(commands).toHaveLength(2)
    for (const { content, index } of commands) {
      const { output } = await runBash(content, { cwd: folder, env: process.env })
      const before = blocks.slice(0, index).reverse()
      const connect = before.find(block => block.content.startsWith('clientId  '))
      expect(connect?.content).toContain(`password  ${output.split(' ')[0]}\n`)
      expect(content).toContain(`printf %s '${before[0]?.content.trim()}'`)
    }
  })

  it('tells rightly what a device may publish and subscribe', () => {
    const rows = tableRows('docs/devices.md', 'Topics')
    expect(rows).toHaveLength(9)
    for (const [cell = '', publish, subscribe] of rows) {
      const topic = named(codes(cell)[0] ?? '')
      expect([topic, deviceMayPublish({ productKey: pk, deviceName: dn }, topic)]).toEqual([topic, publish === 'yes'])
      expect([topic, deviceMaySubscribe({ productKey: pk, deviceName: dn }, topic)]).toEqual([
        topic,
        subscribe === 'yes',
      ])
      const below = /anything below `([^`]+)`/.exec(cell)?.[1]
      if (below !== undefined)
        expect(deviceMaySubscribe({ productKey: pk, deviceName: dn }, `${named(below)}#`)).toBe(true)
    }
  })

  it('lists the platform’s topics and those that _ss=1 subscribes', () => {
    const text = readDocument('docs/devices.md')
    for (const { template } of Object.values(PLATFORM_TOPICS)) {
      if (template !== PLATFORM_TOPICS.subRegisterReply.template) expect(text).toContain(`\`${template}\``)
    }
    const listed = [...(text.split('### `_ss=1`')[1]?.split('\n## ')[0] ?? '').matchAll(/^- `(.*)`$/gm)].map(
      match => match[1],
    )
    expect(listed).toEqual(downlinkFilters('{pk}', '{dn}'))
  })
})

describe('the commands in docs/', () => {
  const run = (script: string) => {
    const port = new URL(hatchway.http).port
    return runBash(
      `set -e\nhatchway() { '${process.execPath}' '${BIN}' "$@"; }\n${script.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)}`,
      {
        cwd: folder,
        env: { ...withoutHatchway(), HATCHWAY_SERVER: hatchway.http },
      },
    )
  }
  const token = (): string => hatchway.server.adminToken ?? ''
  const deleteProduct = async (): Promise<void> => {
    const route = '/products/al123456789'
    const { items } = (await hatchway.api('GET', `${route}/devices`, undefined, token())).body
    for (const { deviceName } of items) {
      await hatchway.api('DELETE', `${route}/devices/${deviceName}`, undefined, token())
    }
    expect((await hatchway.api('DELETE', route, undefined, token())).status).toBe(204)
  }

  it('http-api.md: each call gives what the page says', async () => {
    const script = shell('docs/http-api.md')
      .map(block => `echo; echo @@block\n${block}`)
      .join('\n')
    const { code, output } = await run(script)
    expect({ code, output }).toEqual({ code: 0, output })
    const replies = output.split('@@block\n').map(flat)
    const documents = replies.map(reply => reply.replaceAll('}{', '}\n{'))
    const told = [
      ...['"ready":true', '"productSecret":"Zk3Wp9Xc7Vb1Nm5Q"', '"status":"DISABLE"', '"created":2,"failed":0'],
      ...['"done":2,"failed":0', '"subscribers":0', 'block-not-closed', '"mqttVersion":"3.1.1"'],
      '"role":"application"',
    ]
    const places = told.map(text => documents.findIndex(document => document.includes(text)))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    const problems = output.match(/"urn:hatchway:reason:[^"]+"/g)
    expect(problems, output).toEqual(['"urn:hatchway:reason:product-not-found"'])
    const shown = codeBlocks(readDocument('docs/http-api.md')).find(({ language }) => language === 'json')
    const [problem, registered] = documents.slice(documents.findIndex(document => document.includes('urn:hatchway')))
    expect(JSON.parse(problem ?? '')).toEqual(JSON.parse(shown?.content ?? ''))
    expect(JSON.parse(registered ?? '')).toMatchObject({ code: 200, data: { deviceName: 'SN-0001' } })
    await deleteProduct()
  })

  it('cli.md: each command does what the page says', async () => {
    const { code, output } = await run(shell('docs/cli.md').join('\n'))
    expect({ code, output }).toEqual({ code: 0, output })
    expect(output).toContain('2 created, 0 failed.')
    const { items } = (await hatchway.api('GET', '/products/al123456789/devices', undefined, token())).body
    expect(items).toMatchObject([
      { deviceName: 'SN-0001', status: 'UNACTIVE', reopenedAt: expect.any(String) },
      { deviceName: 'SN-0002', hasSecret: false },
      { deviceName: 'SN-0003', hasSecret: true },
    ])
    await deleteProduct()
  })

  it('operations.md: names the files of the data folder, and its backup is whole', async () => {
    const listed = tableRows('docs/operations.md', 'The data folder').flatMap(([files = '']) => codes(files))
    const present = () => readdirSync(join(folder, 'hatchway-data')).filter(name => !name.endsWith('.tmp'))
    expect(listed.toSorted()).toEqual(present().toSorted())
    const [backup = ''] = shell('docs/operations.md', 'Backup and restore')
    const { code, output } = await run(backup.replace('npx node', `'${process.execPath}'`))
    expect({ code, output }).toEqual({ code: 0, output: '' })
    const restored = await Hatchway.start({ dataDir: join(folder, 'backup'), adminToken: undefined })
    try {
      expect((await restored.api('GET', '/stats', undefined, token())).status).toBe(200)
    } finally {
      await restored.close()
    }
  })
})
