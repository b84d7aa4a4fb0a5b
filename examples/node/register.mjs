// First boot of a device that was created before (hatchway device add): it registers with the product's secret over TLS,
// gets its DeviceSecret, hangs up, and logs in with it. Plain MQTT.js, nothing else.
import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import mqtt from 'mqtt'

const { HOST = 'localhost', PORT = '1883', CA = 'hatchway-data/ca.pem' } = process.env
const { PRODUCT_KEY = '', PRODUCT_SECRET = '', DEVICE_NAME = 'sensor-0001' } = process.env
const ca = readFileSync(CA)
const url = `mqtts://${HOST}:${PORT}`
const username = `${DEVICE_NAME}&${PRODUCT_KEY}`
const hmac = (key, text) => createHmac('sha256', key).update(text).digest('hex')

const { deviceSecret } = await register()
console.log(`registered ${DEVICE_NAME}`)
await publish(deviceSecret)

/** One CONNECT, no SUBSCRIBE: the credential is pushed. */
function register() {
  const random = randomBytes(8).toString('hex')
  const client = mqtt.connect(url, {
    ca,
    clientId: `${DEVICE_NAME}|securemode=2,authType=register,random=${random},signmethod=hmacsha256|`,
    username,
    password: hmac(PRODUCT_SECRET, `deviceName${DEVICE_NAME}productKey${PRODUCT_KEY}random${random}`),
    reconnectPeriod: 0,
  })
  return new Promise((resolve, reject) => {
    client.once('error', reject)
    client.on('message', (topic, payload) => {
      if (topic !== '/ext/register') return
      client.end()
      resolve(JSON.parse(payload.toString())) // keep deviceSecret in flash
    })
  })
}

async function publish(deviceSecret) {
  const timestamp = Date.now()
  const signed = `clientId${DEVICE_NAME}deviceName${DEVICE_NAME}productKey${PRODUCT_KEY}timestamp${timestamp}`
  const client = await mqtt.connectAsync(url, {
    ca,
    clientId: `${DEVICE_NAME}|securemode=2,signmethod=hmacsha256,timestamp=${timestamp}|`,
    username,
    password: hmac(deviceSecret, signed),
    keepalive: 60,
  })
  const topic = `/${PRODUCT_KEY}/${DEVICE_NAME}/user/update`
  await client.publishAsync(topic, JSON.stringify({ temperature: 21.5 }), { qos: 1 })
  console.log(`published to ${topic}`)
  await client.endAsync()
}
