import { afterAll, expect, it } from 'vitest'
import type { BrokerProcess } from '../harness/broker-process.ts'
import { startMosquitto, upstreamUrl } from '../harness/upstreams.ts'
import { publish, ServedMqtt } from '../mqtt/served-mqtt.ts'
import { relayJourneys } from './relay-journeys.ts'

let mosquitto: BrokerProcess
const served = new ServedMqtt(async () => {
  mosquitto = await startMosquitto()
  return { upstreamUrl: upstreamUrl(mosquitto.port) }
})
afterAll(() => mosquitto?.close())

relayJourneys(served, { levels: [4, 5], qos2: true })

it.each([4, 5] as const)('shares a subscription among its members (MQTT level %i)', async level => {
  const topic = served.topic()
  const members = await Promise.all([1, 2].map(() => served.subscriber(level, `$share/g/${topic}`, 1)))
  const publisher = await served.client(level)
  for (let count = 0; count < 10; count++) await publish(publisher, topic, `${count}`, { qos: 1 })
  const shares = await Promise.all(members.map(member => member.untilPingresp()))
  expect(shares.flat()).toHaveLength(10)
})
