// First boot of a device nobody has created: it registers with the product's secret over TLS, gets a ClientID and a
// DeviceToken, hangs up, and logs in with them, here over plain TCP on the same port. Plain MQTT.js, nothing else.
import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import mqtt from 'mqtt'

const { HOST = 'localhost', PORT = '1883', CA = 'hatchway-data/ca.pem' } = process.env
const { PRODUCT_KEY = '', PRODUCT_SECRET = '', DEVICE_NAME = 'sensor-0001' } = process.env

const { clientId, deviceToken } = await register()
console.log(`registered ${DEVICE_NAME} as ${clientId}`)
await publish({ clientId, deviceToken })

/** One CONNECT, no SUBSCRIBE: the credentials are pushed. */
function register() {
  const random = randomBytes(8).toString('hex')
  const signed = `deviceName${DEVICE_NAME}productKey${PRODUCT_KEY}random${random}`
  const client = mqtt.connect(`mqtts://${HOST}:${PORT}`, {
    ca: readFileSync(CA),
    clientId: `${DEVICE_NAME}|securemode=-2,authType=regnwl,random=${random},signmethod=hmacsha256|`,
    username: `${DEVICE_NAME}&${PRODUCT_KEY}`,
    password: createHmac('sha256', PRODUCT_SECRET).update(signed).digest('hex'),
    reconnectPeriod: 0,
  })
  return new Promise((resolve, reject) => {
    client.once('error', reject)
    client.on('message', (topic, payload) => {
      if (topic !== '/ext/regnwl') return
      client.end()
      resolve(JSON.parse(payload.toString())) // keep these two in flash: clientId and deviceToken
    })
  })
}

async function publish({ clientId, deviceToken }) {
  const client = await mqtt.connectAsync(`mqtt://${HOST}:${PORT}`, {
    clientId: `${clientId}|securemode=-2,authType=connwl|`,
    username: `${DEVICE_NAME}&${PRODUCT_KEY}`,
    password: deviceToken,
    keepalive: 60,
  })
  const topic = `/${PRODUCT_KEY}/${DEVICE_NAME}/user/update`
  await client.publishAsync(topic, JSON.stringify({ temperature: 21.5 }), { qos: 1 })
  console.log(`published to ${topic}`)
  await client.endAsync()
}
