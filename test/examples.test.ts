import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pythonWithPaho } from '../scripts/prerequisites.ts'
import { eventually, Hatchway, type Product } from './harness/hatchway.ts'
import { RunningProgram } from './harness/running-program.ts'

const example = (path: string): string => fileURLToPath(new URL(`../examples/${path}`, import.meta.url))

let hatchway: Hatchway
let product: Product
let application: MqttClient
const heard: { topic: string; payload: unknown }[] = []
beforeAll(async () => {
  hatchway = await Hatchway.start()
  product = await hatchway.createProduct()
  writeFileSync(join(hatchway.dataDir, 'ca-copy.pem'), hatchway.endpoint.ca)
  const key = (await hatchway.api('POST', '/keys', { name: 'listener', role: 'application' })).body
  application = await connectAsync(`mqtts://localhost:${hatchway.endpoint.port}`, {
    ca: hatchway.endpoint.ca,
    username: key.id,
    password: key.secret,
  })
  application.on('message', (topic, payload) => heard.push({ topic, payload: JSON.parse(payload.toString()) }))
  await application.subscribeAsync(`/${product.productKey}/+/user/update`)
})
afterAll(async () => {
  await application.endAsync()
  await hatchway.close()
})

async function run(program: string, args: readonly string[], deviceName: string): Promise<string> {
  const settings = {
    HOST: 'localhost',
    PORT: String(hatchway.endpoint.port),
    CA: join(hatchway.dataDir, 'ca-copy.pem'),
  }
  const env = {
    ...process.env,
    ...settings,
    PRODUCT_KEY: product.productKey,
    PRODUCT_SECRET: product.productSecret,
    DEVICE_NAME: deviceName,
  }
  // They keep what they got in the folder where they run.
  const ran = new RunningProgram(program, args, { cwd: hatchway.dataDir, env })
  const code = await ran.ended()
  expect({ code, output: ran.output }).toEqual({ code: 0, output: ran.output })
  return ran.output
}

describe('each example registers a device, logs it in and is heard by an application', () => {
  it.each([
    ['node/regnwl.mjs', process.execPath],
    ['node/register.mjs', process.execPath],
    ['mosquitto/device.sh', 'bash'],
    ['mosquitto/register.sh', 'bash'],
    ['python/device.py', pythonWithPaho() ?? 'python3'],
    ['python/register.py', pythonWithPaho() ?? 'python3'],
    ['paho-js/device.mjs', process.execPath],
  ])('%s', async (path, program) => {
    const deviceName = `example-${path.replaceAll(/[/.]/g, '-')}`.slice(0, 32)
    if (path.includes('register')) await hatchway.createDevice(product.productKey, deviceName)
    const output = await run(program, [example(path)], deviceName)
    const topic = `/${product.productKey}/${deviceName}/user/update`
    expect(output).toContain(`published to ${topic}`)
    const message = await eventually(async () => heard.find(candidate => candidate.topic === topic))
    expect(message.payload).toEqual({ temperature: 21.5 })
    // Its second boot: what it kept is enough.
    if (path.startsWith('paho-js')) return
    const again = await run(program, [example(path)], deviceName)
    expect(again).toContain(`published to ${topic}`)
    expect(again).not.toContain('registered')
  })
})
