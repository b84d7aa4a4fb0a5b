// First boot of a device that was created before, and each boot after it: it registers with the product's
// secret over TLS, gets its DeviceSecret, keeps it, hangs up, and logs in with it. Plain MQTT.js, nothing else.
import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import mqtt from 'mqtt'

const { HOST = 'localhost', PORT = '1883', CA = 'hatchway-data/ca.pem' } = process.env
const { PRODUCT_KEY = '', PRODUCT_SECRET = '', DEVICE_NAME = 'sensor-0001' } = process.env
const { STAY = '' } = process.env // 1: stay online, publish every ten seconds and show what comes, until Ctrl-C
const ca = readFileSync(CA)
const flash = `${DEVICE_NAME.replaceAll(':', '_')}.${PRODUCT_KEY}.json` // without this file it registers again
const sign = (secret, text) => createHmac('sha256', secret).update(text).digest('hex')

if (!existsSync(flash)) writeFileSync(flash, await register(), { mode: 0o600 })
await publish(JSON.parse(readFileSync(flash, 'utf8')))

function connect(clientId, password) {
  const username = `${DEVICE_NAME}&${PRODUCT_KEY}`
  const client = mqtt.connect(`mqtts://${HOST}:${PORT}`, { ca, clientId, username, password, keepalive: 60 })
  client.on('error', ({ message, code }) => {
    console.error(message)
    // MQTT.js tries again by itself where the network is to blame. A refusal has a number.
    if (typeof code !== 'number') return
    console.error(`${DEVICE_NAME} was refused; the server's journal tells why.`)
    process.exit(1)
  })
  return client
}

/** One CONNECT, no SUBSCRIBE: the credential is pushed. */
function register() {
  const random = randomBytes(8).toString('hex')
  const client = connect(
    `${DEVICE_NAME}|securemode=2,authType=register,random=${random},signmethod=hmacsha256|`,
    sign(PRODUCT_SECRET, `deviceName${DEVICE_NAME}productKey${PRODUCT_KEY}random${random}`),
  )
  return new Promise(resolve => {
    client.on('message', (topic, payload) => {
      if (topic !== '/ext/register') return
      client.end()
      console.log(`registered ${DEVICE_NAME}`)
      resolve(payload)
    })
  })
}

async function publish({ deviceSecret }) {
  const timestamp = Date.now()
  const client = connect(
    `${DEVICE_NAME}|securemode=2,signmethod=hmacsha256,timestamp=${timestamp}|`,
    sign(deviceSecret, `clientId${DEVICE_NAME}deviceName${DEVICE_NAME}productKey${PRODUCT_KEY}timestamp${timestamp}`),
  )
  client.on('message', (topic, payload) => console.log(`received ${topic}: ${payload}`))
  if (STAY) await client.subscribeAsync(`/${PRODUCT_KEY}/${DEVICE_NAME}/user/get`)
  const topic = `/${PRODUCT_KEY}/${DEVICE_NAME}/user/update`
  do {
    await client.publishAsync(topic, JSON.stringify({ temperature: 21.5 }), { qos: 1 })
    console.log(`published to ${topic}`)
  } while (STAY && (await setTimeout(10_000, true)))
  await client.endAsync()
}
