import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { secretLoginConnect, sign } from '@hatchway/protocol'
import { connectAsync, connect as connectNow, type IClientOptions, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leashed } from '../scripts/leashed.ts'
import { pythonWithPaho } from '../scripts/prerequisites.ts'
import { eventually, Hatchway, type Product } from './harness/hatchway.ts'
import { MqttConnection } from './harness/mqtt-connection.ts'

let hatchway: Hatchway
let product: Product
let key: { id: string; secret: string }
let caFile: string
beforeAll(async () => {
  hatchway = await Hatchway.start()
  product = await hatchway.createProduct()
  key = (await hatchway.api('POST', '/keys', { name: 'clients', role: 'application' })).body
  caFile = join(hatchway.dataDir, 'ca-copy.pem')
  writeFileSync(caFile, hatchway.endpoint.ca)
})
afterAll(() => hatchway.close())

const topic = (name: string): string => `/${product.productKey}/client/${name}`

interface Ended {
  code: number | null
  output: string
}

function start(
  program: string,
  args: readonly string[],
): { child: ChildProcess; output: () => string; ended: Promise<Ended> } {
  const child = spawn(...leashed(program, args), { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  const ended = new Promise<Ended>(resolve => child.once('close', code => resolve({ code, output })))
  return { child, output: () => output, ended }
}

const run = (program: string, args: readonly string[]): Promise<Ended> => start(program, args).ended

const subscriptionCount = async (): Promise<number> => (await hatchway.api('GET', '/stats')).body.broker.subscriptions

describe.each(['mqttv31', 'mqttv311', 'mqttv5'])('mosquitto_pub and mosquitto_sub, %s', version => {
  const common = (): string[] => {
    const access = ['--cafile', caFile, '-u', key.id, '-P', key.secret]
    return ['-h', 'localhost', '-p', String(hatchway.endpoint.port), '-V', version, ...access]
  }

  it.each([0, 1, 2])('carry a message at QoS %d', async qos => {
    const at = topic(`${version}/${qos}`)
    const before = await subscriptionCount()
    const subscriber = start('mosquitto_sub', [...common(), '-t', at, '-q', String(qos), '-C', '1', '-W', '30'])
    await eventually(async () => (await subscriptionCount()) > before)
    const published = await run('mosquitto_pub', [...common(), '-t', at, '-q', String(qos), '-m', `hello ${qos}`])
    expect(published).toEqual({ code: 0, output: '' })
    expect(await subscriber.ended).toEqual({ code: 0, output: `hello ${qos}\n` })
  })

  it('find a retained message, until it is cleared', async () => {
    const at = topic(`${version}/kept`)
    expect((await run('mosquitto_pub', [...common(), '-t', at, '-q', '1', '-r', '-m', 'kept'])).code).toBe(0)
    const found = await run('mosquitto_sub', [...common(), '-t', at, '-C', '1', '-W', '30', '-F', '%r %p'])
    expect(found).toEqual({ code: 0, output: '1 kept\n' })
    expect((await run('mosquitto_pub', [...common(), '-t', at, '-q', '1', '-r', '-n'])).code).toBe(0)
    // What was kept at the first topic would come before the marker at the second.
    const marker = topic(`${version}/marker`)
    expect((await run('mosquitto_pub', [...common(), '-t', marker, '-q', '1', '-r', '-m', 'marker'])).code).toBe(0)
    const left = await run('mosquitto_sub', [...common(), '-t', at, '-t', marker, '-C', '1', '-W', '30', '-F', '%r %p'])
    expect(left).toEqual({ code: 0, output: '1 marker\n' })
  })

  it('publish a will when the client is killed', async () => {
    const at = topic(`${version}/will`)
    const before = await subscriptionCount()
    const witness = start('mosquitto_sub', [...common(), '-t', at, '-C', '1', '-W', '30'])
    await eventually(async () => (await subscriptionCount()) > before)
    const will = ['--will-topic', at, '--will-payload', 'gone', '--will-qos', '1']
    const mortal = start('mosquitto_sub', [...common(), '-t', topic('nothing'), ...will])
    await eventually(async () => (await subscriptionCount()) > before + 1)
    mortal.child.kill('SIGKILL')
    expect(await witness.ended).toEqual({ code: 0, output: 'gone\n' })
  })
})

describe.each([4, 5] as const)('MQTT.js, protocol version %d', protocolVersion => {
  const options = (clientId: string, more: IClientOptions = {}): IClientOptions => ({
    ...{ protocol: 'mqtts', host: 'localhost', port: hatchway.endpoint.port, ca: hatchway.endpoint.ca },
    ...{ username: key.id, password: key.secret, protocolVersion, reconnectPeriod: 0, clientId, ...more },
  })
  const connect = (clientId: string, more?: IClientOptions): Promise<MqttClient> =>
    connectAsync(options(clientId, more))
  const lasting: IClientOptions =
    protocolVersion === 5 ? { clean: false, properties: { sessionExpiryInterval: 600 } } : { clean: false }

  it('keeps a session: what was published while it was away comes in order when it is back', async () => {
    const at = topic(`js${protocolVersion}/away`)
    const first = await connect(`keeper${protocolVersion}`, lasting)
    await first.subscribeAsync(at, { qos: 2 })
    await first.endAsync()
    const publisher = await connect(`publisher${protocolVersion}`)
    for (let count = 0; count < 20; count++)
      await publisher.publishAsync(at, String(count), { qos: count % 2 === 0 ? 1 : 2 })
    await publisher.endAsync()
    const received: string[] = []
    const second = connectNow(options(`keeper${protocolVersion}`, lasting))
    // Before the connect is through: what waited comes right behind the CONNACK.
    second.on('message', (_topic, message) => received.push(message.toString()))
    await eventually(async () => received.length === 20)
    // Order holds within one QoS: MQTT.js hands a QoS 2 message over when it is released. [MQTT-4.6.0-6]
    for (const qos of [1, 2]) {
      const ofQos = (text: string): boolean => Number(text) % 2 === qos - 1
      expect(received.filter(ofQos)).toEqual(Array.from({ length: 20 }, (_, count) => String(count)).filter(ofQos))
    }
    await second.endAsync()
  })

  it('shares a subscription among its clients, each message to one of them', async () => {
    const at = topic(`js${protocolVersion}/shared`)
    const counts = [0, 0]
    const workers = await Promise.all([0, 1].map(index => connect(`worker${protocolVersion}${index}`)))
    for (const [index, worker] of workers.entries()) {
      worker.on('message', () => {
        counts[index] = (counts[index] ?? 0) + 1
      })
      await worker.subscribeAsync(`$share/workers/${at}`, { qos: 1 })
    }
    const publisher = await connect(`boss${protocolVersion}`)
    for (let count = 0; count < 10; count++) await publisher.publishAsync(at, String(count), { qos: 1 })
    await eventually(async () => counts[0] === 5 && counts[1] === 5)
    await Promise.all([...workers, publisher].map(client => client.endAsync()))
  })
})

describe('Paho for Python', () => {
  it('carries QoS 2 both ways and keeps its session over a lost connection', async () => {
    const script = `
import queue, sys
import paho.mqtt.client as mqtt
host, port, ca, user, password, topic = sys.argv[1:]
received = queue.Queue()
def client(name, clean):
    made = mqtt.Client(client_id=name, clean_session=clean) if not hasattr(mqtt, "CallbackAPIVersion") else mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, client_id=name, clean_session=clean)
    made.username_pw_set(user, password)
    made.tls_set(ca_certs=ca)
    return made
keeper = client("paho-keeper", False)
keeper.on_message = lambda c, d, m: received.put((m.payload.decode(), m.qos))
subscribed = queue.Queue()
keeper.on_subscribe = lambda *a: subscribed.put(True)
keeper.connect(host, int(port)); keeper.loop_start()
keeper.subscribe(topic, 2); subscribed.get(timeout=15)
keeper.disconnect(); keeper.loop_stop()
publisher = client("paho-publisher", True)
publisher.connect(host, int(port)); publisher.loop_start()
for n in range(5): publisher.publish(topic, str(n), qos=2).wait_for_publish()
publisher.disconnect(); publisher.loop_stop()
keeper.connect(host, int(port)); keeper.loop_start()
print([received.get(timeout=15) for n in range(5)])
keeper.disconnect(); keeper.loop_stop()
`
    const args = ['localhost', String(hatchway.endpoint.port), caFile, key.id, key.secret, topic('python')]
    const { code, output } = await run(pythonWithPaho() ?? 'python3', ['-c', script, ...args])
    expect({ code, output }).toEqual({ code: 0, output: "[('0', 2), ('1', 2), ('2', 2), ('3', 2), ('4', 2)]\n" })
  })
})

describe('a device with the manners of the vendor’s Node SDK', () => {
  it('connects with clean session 0, subscribes to sixteen topics at once, and stays connected', async () => {
    const { productKey } = product
    const deviceName = 'node-sdk-1'
    await hatchway.createDevice(productKey, deviceName, 'a'.repeat(32))
    const { clientId, userName, password } = secretLoginConnect({
      productKey,
      deviceName,
      deviceSecret: 'a'.repeat(32),
      timestamp: '1',
      signMethod: 'hmacsha1',
    })
    const own = `${productKey}/${deviceName}`
    const filters = [
      ...['post_reply', 'set', 'get'].map(end => `/sys/${own}/thing/event/property/${end}`),
      ...['update_reply', 'delete_reply'].map(end => `/sys/${own}/thing/deviceinfo/${end}`),
      ...['config/get_reply', 'config/push', 'service/property/set', 'service/+', 'dsltemplate/get_reply'].map(
        end => `/sys/${own}/thing/${end}`,
      ),
      ...[
        `/shadow/get/${own}`,
        `/ext/rrpc/+/${own}/x`,
        `/ext/ntp/${own}/response`,
        `/ota/device/upgrade/${own}`,
        `/sys/${own}/rrpc/request/+`,
      ],
      '/ext/error/someone/else',
    ]
    expect(filters).toHaveLength(16)
    const client = await connectAsync(`mqtt://localhost:${hatchway.endpoint.port}`, {
      clientId,
      username: userName,
      password,
      clean: false,
      keepalive: 60,
      reconnectPeriod: 0,
    })
    const replied = new Promise<void>(resolve => client.once('message', () => resolve()))
    const granted = await client.subscribeAsync(filters).catch(error => error)
    // MQTT.js reports a refused filter as an error; the connection goes on.
    expect(granted).toBeInstanceOf(Error)
    await client.publishAsync(
      `/sys/${own}/thing/event/property/post`,
      '{"id":"7","version":"1.0","params":{},"method":"thing.event.property.post"}',
      { qos: 1 },
    )
    await replied
    expect(client.connected).toBe(true)
    await client.endAsync()
  })
})

describe('a device with the manners of Link SDK C 4.x', () => {
  /** What the SDK makes of a packet: its own fixed header in front of the body. */
  const packet = (firstByte: number, ...body: (string | number[])[]): Buffer => {
    const bytes = Buffer.concat(
      body.map(part =>
        typeof part === 'string' ? Buffer.concat([uint16(part.length), Buffer.from(part)]) : Buffer.from(part),
      ),
    )
    const length = bytes.length < 128 ? [bytes.length] : [128 | (bytes.length & 127), bytes.length >> 7]
    return Buffer.concat([Buffer.from([firstByte, ...length]), bytes])
  }
  const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])

  it('never subscribes for replies, repeats without DUP, unsubscribes with flags of 0000, and stays connected', async () => {
    const { productKey } = product
    const deviceName = 'link-sdk-c-1'
    await hatchway.createDevice(productKey, deviceName, 'b'.repeat(32))
    const block = 'timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=2,signmethod=hmacsha256,ext=3,_conn=tls_2a'
    const id = `${productKey}.${deviceName}`
    const text = `clientId${id}deviceName${deviceName}productKey${productKey}timestamp2524608000000`
    const password = sign('hmacsha256', 'b'.repeat(32), text).toUpperCase()
    // Static RSA and CBC are all it offers.
    const tls = { maxVersion: 'TLSv1.2', ciphers: 'AES256-SHA256:AES128-SHA256:AES256-SHA:AES128-SHA' } as const
    const device = await MqttConnection.open(hatchway.endpoint, 'tls', { level: 4, tls })
    const connect = [0, 4, ...Buffer.from('MQTT'), 4, 0xc2, 0x04, 0xb0]
    device.sendBytes(packet(0x10, connect, `${id}|${block}|`, `${deviceName}&${productKey}`, password))
    expect(await device.expect('connack')).toMatchObject({ reasonCode: 0 })
    const own = `/sys/${productKey}/${deviceName}/thing/event/lowPower/post`
    const post = packet(0x32, own, [0, 1], [...Buffer.from('{"id":"1","version":"1.0","params":{},"sys":{"ack":1}}')])
    for (let time = 0; time < 2; time++) {
      device.sendBytes(post)
      const packets = [await device.next(), await device.next()]
      expect(packets.map(({ type }) => type).toSorted()).toEqual(['puback', 'publish'])
      expect(packets.find(({ type }) => type === 'publish')).toMatchObject({ topic: `${own}_reply`, qos: 1 })
    }
    const filter = `/${productKey}/${deviceName}/user/get`
    device.sendBytes(packet(0x82, [0, 2], filter, [1]))
    expect(await device.expect('suback')).toMatchObject({ packetId: 2, reasonCodes: [1] })
    device.sendBytes(packet(0xa0, [0, 3], filter))
    expect(await device.expect('unsuback')).toMatchObject({ packetId: 3 })
    expect(await device.untilPingresp()).toEqual([])
    device.destroy()
  })
})
