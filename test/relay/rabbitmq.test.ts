import { afterAll } from 'vitest'
import { RabbitMq } from '../harness/rabbitmq.ts'
import { upstreamUrl } from '../harness/upstreams.ts'
import { ServedMqtt } from '../mqtt/served-mqtt.ts'
import { relayJourneys } from './relay-journeys.ts'

let rabbitmq: RabbitMq | undefined
const served = new ServedMqtt(async () => {
  rabbitmq = await RabbitMq.startForRelay()
  return { upstreamUrl: upstreamUrl(rabbitmq.mqttPort) }
})
afterAll(() => rabbitmq?.close())

relayJourneys(served, { levels: [4], qos2: false })
