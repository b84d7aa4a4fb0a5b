// A whole first boot with Paho for JavaScript over WebSocket: register over wss (no pre-registration), log in over ws, publish.
// Paho for JavaScript is made for browsers, which bring WebSocket and localStorage; in Node both are lent to it here.
import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { WebSocket } from 'ws'

const { HOST = 'localhost', PORT = '1883', CA = 'hatchway-data/ca.pem' } = process.env
const { PRODUCT_KEY = '', PRODUCT_SECRET = '', DEVICE_NAME = 'sensor-0001' } = process.env
const ca = readFileSync(CA)

globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { ca })
  }
}
const kept = new Map()
globalThis.localStorage = {
  get length() {
    return kept.size
  },
  key: index => [...kept.keys()][index] ?? null,
  getItem: key => kept.get(key) ?? null,
  setItem: (key, value) => void kept.set(key, value),
  removeItem: key => void kept.delete(key),
}
const { Client, Message } = createRequire(import.meta.url)('paho-mqtt')
const userName = `${DEVICE_NAME}&${PRODUCT_KEY}`

const credentials = await register()
console.log(`registered ${DEVICE_NAME} as ${credentials.clientId}`)
await publish(credentials)

/** One CONNECT, no SUBSCRIBE: the credentials are pushed. */
function register() {
  const random = randomBytes(8).toString('hex')
  const signed = `deviceName${DEVICE_NAME}productKey${PRODUCT_KEY}random${random}`
  const clientId = `${DEVICE_NAME}|securemode=2,authType=regnwl,random=${random},signmethod=hmacsha256|`
  const client = new Client(HOST, Number(PORT), '/mqtt', clientId)
  return new Promise((resolve, reject) => {
    client.onMessageArrived = message => {
      client.disconnect()
      resolve(JSON.parse(message.payloadString)) // keep clientId and deviceToken
    }
    client.connect({
      useSSL: true,
      userName,
      password: createHmac('sha256', PRODUCT_SECRET).update(signed).digest('hex'),
      mqttVersion: 4,
      onFailure: ({ errorMessage }) => reject(new Error(errorMessage)),
    })
  })
}

function publish({ clientId, deviceToken }) {
  const client = new Client(HOST, Number(PORT), '/mqtt', `${clientId}|securemode=-2,authType=connwl|`)
  const topic = `/${PRODUCT_KEY}/${DEVICE_NAME}/user/update`
  return new Promise((resolve, reject) => {
    client.onMessageDelivered = () => {
      console.log(`published to ${topic}`)
      client.disconnect()
      resolve()
    }
    client.connect({
      userName,
      password: deviceToken,
      mqttVersion: 4,
      onFailure: ({ errorMessage }) => reject(new Error(errorMessage)),
      onSuccess: () => {
        const message = new Message(JSON.stringify({ temperature: 21.5 }))
        message.destinationName = topic
        message.qos = 1
        client.send(message)
      },
    })
  })
}
