import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ConnectValues, type ExampleKind, fillExample } from '../../packages/console/src/product/fill-example.ts'
import { pythonWithPaho } from '../../scripts/prerequisites.ts'
import { eventually, Hatchway, type Product } from '../harness/hatchway.ts'
import { RunningProgram } from '../harness/running-program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const example = (path: string): string => readFileSync(join(ROOT, 'examples', path), 'utf8')

let hatchway: Hatchway
let product: Product
let folder: string
beforeAll(async () => {
  hatchway = await Hatchway.start()
  // Everything that could end a text in one of the languages.
  product = await hatchway.createProduct({ productKey: 'pk1', productSecret: `a'b"c\\d$e\`f&g#{h}` })
  folder = mkdtempSync(join(tmpdir(), 'hatchway-snippets-'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
})
afterAll(async () => {
  await hatchway.close()
  rmSync(folder, { recursive: true })
})

const valuesFor = (deviceName: string, isFree: boolean): ConnectValues => ({
  ...product,
  host: 'localhost',
  port: hatchway.endpoint.port,
  deviceName,
  ca: hatchway.endpoint.ca,
  isFree,
})

it.each([
  ['node', 'node/regnwl.mjs', process.execPath],
  ['node', 'node/register.mjs', process.execPath],
  ['python', 'python/device.py', pythonWithPaho() ?? 'python3'],
  ['python', 'python/register.py', pythonWithPaho() ?? 'python3'],
  ['shell', 'mosquitto/device.sh', 'bash'],
  ['shell', 'mosquitto/register.sh', 'bash'],
] as const)(
  'code made of the %s example %s runs as it is pasted, stays online, shows what comes, and logs in again',
  async (kind, path, program) => {
    const deviceName = `code-${path.replaceAll(/[/.]/g, '-')}`
    const isFree = !path.includes('register')
    if (!isFree) await hatchway.createDevice(product.productKey, deviceName)
    const file = join(folder, path.replace('/', '-'))
    writeFileSync(file, fillExample(kind, example(path), valuesFor(deviceName, isFree)))
    const device = () => hatchway.device(product.productKey, deviceName)
    // Without any setting of the environment; the second time it has its credentials.
    for (const boot of [1, 2]) {
      const running = new RunningProgram(program, [file], { cwd: folder, env: { PATH: process.env['PATH'] } })
      await running.says(`published to /pk1/${deviceName}/user/update`)
      expect(running.output.includes('registered')).toBe(boot === 1)
      const topic = `/pk1/${deviceName}/user/get`
      // Once it has subscribed, one of these arrives.
      await eventually(async () => {
        await hatchway.api('POST', `/products/pk1/devices/${deviceName}/messages`, { topic, payload: '{"led":1}' })
        return running.output.includes('{"led":1}')
      })
      expect(await device()).toMatchObject({ status: 'ONLINE' })
      await running.interrupt()
      await eventually(async () => (await device()).status === 'OFFLINE')
    }
  },
)

it.each([
  ['c', 'link-sdk-c/device.c'],
  ['arduino', 'arduino/device.ino'],
] as const satisfies readonly (readonly [ExampleKind, string])[])(
  'code made of the %s example holds every value, quoted',
  (kind, path) => {
    const filled = fillExample(kind, example(path), valuesFor('sensor-0001', false))
    expect(filled).toContain(String(hatchway.endpoint.port))
    expect(filled).toContain(`"a'b\\"c\\\\d$e\`f&g#{h}"`)
    for (const line of hatchway.endpoint.ca.trim().split('\n')) expect(filled).toContain(line)
  },
)

it('an example that lost a setting is noticed', () => {
  expect(() => fillExample('node', 'nothing', valuesFor('sensor-0001', true))).toThrow('the node example has nothing')
})
