import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pythonWithPaho } from '../scripts/prerequisites.ts'
import { type CodeBlock, codeBlocks, flat, type Ran, ROOT, readDocument, runBash } from './harness/documents.ts'
import { Hatchway } from './harness/hatchway.ts'
import { withoutHatchway } from './harness/hatchway-process.ts'

const RUN_BY_OTHERS: readonly string[] = [
  'npm ci && npm run demo', // the demo has a test of its own
  'npm start', // start.test.ts; here the server runs in this process
  'HATCHWAY_MQTT_PORT=1883,443,8883 HATCHWAY_PUBLIC_HOST=iot.example.com npm start', // ports below 1024 need a right
  'npm ci && npm test', // this very run
]
const FIVE_MINUTES = 'Your own device in five minutes'
const REFUSED = 'When a device is refused'
const FIELDED = 'Devices that are already in the field'

const blocks = codeBlocks(readDocument('README.md'))
const shellBlocks = blocks.filter(
  ({ language, content }) => language === 'sh' && !RUN_BY_OTHERS.includes(content.trim()),
)
const under = (heading: string): CodeBlock[] => shellBlocks.filter(block => block.heading === heading)

describe('README.md', () => {
  it('has the same code blocks as README.zh-CN.md, and every one of them is run', () => {
    const plain = (all: readonly CodeBlock[]) => all.map(({ language, content }) => ({ language, content }))
    expect(plain(codeBlocks(readDocument('README.zh-CN.md')))).toEqual(plain(blocks))
    expect(shellBlocks.map(({ heading }) => heading)).toEqual([
      ...Array<string>(4).fill(FIVE_MINUTES),
      ...Array<string>(2).fill(REFUSED),
      FIELDED,
    ])
  })
})

describe('whoever does what README.md says', () => {
  let folder: string
  let hatchway: Hatchway
  let steps: string[]
  let run: Ran

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hatchway-readme-'))
    for (const name of ['node_modules', 'examples']) symlinkSync(join(ROOT, name), join(folder, name))
    // The admin token is made, as on anyone's first start.
    hatchway = await Hatchway.start({ dataDir: join(folder, 'hatchway-data'), adminToken: undefined })
    const script = [
      'set -e',
      ...under(FIVE_MINUTES).map(step),
      'set +e', // these two are refused, and say so by their exit codes
      ...under(REFUSED).map(block => `${step(block)}\necho "exit code $?"`),
      'set -e',
      ...under(FIELDED).map(step),
    ].join('\n')
    run = await runBash(script.replaceAll('localhost:1883', `localhost:${hatchway.endpoint.port}`), {
      cwd: folder,
      env: environment(),
    })
    steps = run.output.split('@@step\n').slice(1)
  }, 180_000)
  afterAll(async () => {
    await hatchway.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const step = ({ content }: CodeBlock): string => `echo @@step\n${content.trimEnd()}`

  function environment(): NodeJS.ProcessEnv {
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'python3'), `#!/bin/sh\nexec ${pythonWithPaho()} "$@"\n`)
    chmodSync(join(bin, 'python3'), 0o755)
    return {
      ...withoutHatchway(),
      npm_config_loglevel: 'error', // what npm says of its own settings is not the README's
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
      HATCHWAY_SERVER: hatchway.http,
      PORT: String(hatchway.endpoint.port),
    }
  }

  const seen = (index: number): string => flat(steps[index] ?? '')

  it('gets to the end', () => {
    expect({ code: run.code, steps: steps.length, output: run.output }).toEqual({
      code: 0,
      steps: 7,
      output: run.output,
    })
  })

  it('sees the product with its secret', () => {
    expect(JSON.parse(steps[0] ?? '')).toMatchObject({
      productKey: expect.stringMatching(/^[A-Za-z0-9]{11}$/),
      productSecret: expect.stringMatching(/^[A-Za-z0-9]{16}$/),
      preregistrationFree: true,
    })
  })

  it('sees the device register, log in, publish, and stand in the registry', () => {
    const { productKey } = JSON.parse(steps[0] ?? '') as { productKey: string }
    expect(seen(1)).toContain('Registered sensor-0001')
    expect(seen(1)).toContain(`published: /${productKey}/sensor-0001/user/update`)
    expect(seen(1)).toMatch(/ONLINE|OFFLINE/)
  })

  it('sees each example publish', () => {
    for (const name of ['sensor-0002', 'sensor-0003', 'sensor-0004', 'sensor-0005']) {
      expect(seen(2)).toMatch(new RegExp(`published to /\\S+/${name}/user/update`))
    }
    expect(seen(3)).toMatch(/published to \/\S+\/sensor-0006\/user\/update/)
  })

  it('sees the reason of a refusal, with the text that README.md shows', () => {
    const shown = blocks.find(({ language, heading }) => language === 'text' && heading === REFUSED)?.content ?? ''
    expect(shown.trim().split('\n')).toHaveLength(2)
    for (const line of shown.trim().split('\n')) expect(seen(4)).toContain(flat(line))
    expect(seen(4)).toContain('The server signs (hmacsha256): deviceNamesensor-0007productKey')
  })

  it('sees explain refuse the CONNECT whose block is not closed', () => {
    expect(seen(5)).toContain('block-not-closed')
    expect(seen(5)).toMatch(/exit code 1$/)
  })

  it('sees the imported devices created, one of them with its secret', async () => {
    expect(seen(6)).toContain('2 created, 0 failed.')
    const token = hatchway.server.adminToken ?? ''
    const route = '/products/a1B2c3D4e5F/devices'
    expect((await hatchway.api('GET', route, undefined, token)).body.items).toMatchObject([
      { deviceName: 'SN20260001', status: 'UNACTIVE', hasSecret: true },
      { deviceName: 'SN20260002', status: 'UNACTIVE', hasSecret: false },
    ])
  })
})
