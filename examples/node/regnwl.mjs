// First boot of a device nobody has created, and each boot after it: it registers with the product's secret
// over TLS, gets a ClientID and a DeviceToken, keeps them, hangs up, and logs in with them. Plain MQTT.js,
// nothing else.
import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import mqtt from 'mqtt'

const { HOST = 'localhost', PORT = '1883', CA = 'hatchway-data/ca.pem' } = process.env
const { PRODUCT_KEY = '', PRODUCT_SECRET = '', DEVICE_NAME = 'sensor-0001' } = process.env
const { STAY = '' } = process.env // 1: stay online, publish every ten seconds and show what comes, until Ctrl-C
const ca = readFileSync(CA)
const flash = `${DEVICE_NAME.replaceAll(':', '_')}.${PRODUCT_KEY}.json` // without this file it registers again

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

/** One CONNECT, no SUBSCRIBE: the credentials are pushed. */
function register() {
  const random = randomBytes(8).toString('hex')
  const signed = `deviceName${DEVICE_NAME}productKey${PRODUCT_KEY}random${random}`
  const client = connect(
    `${DEVICE_NAME}|securemode=-2,authType=regnwl,random=${random},signmethod=hmacsha256|`,
    createHmac('sha256', PRODUCT_SECRET).update(signed).digest('hex'),
  )
  return new Promise(resolve => {
    client.on('message', (topic, payload) => {
      if (topic !== '/ext/regnwl') return
      client.end()
      console.log(`registered ${DEVICE_NAME}`)
      resolve(payload)
    })
  })
}

async function publish({ clientId, deviceToken }) {
  const client = connect(`${clientId}|securemode=-2,authType=connwl|`, deviceToken)
  client.on('message', (topic, payload) => console.log(`received ${topic}: ${payload}`))
  if (STAY) await client.subscribeAsync(`/${PRODUCT_KEY}/${DEVICE_NAME}/user/get`)
  const topic = `/${PRODUCT_KEY}/${DEVICE_NAME}/user/update`
  do {
    await client.publishAsync(topic, JSON.stringify({ temperature: 21.5 }), { qos: 1 })
    console.log(`published to ${topic}`)
  } while (STAY && (await setTimeout(10_000, true)))
  await client.endAsync()
}
