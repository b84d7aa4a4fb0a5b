import { afterAll } from 'vitest'
import type { BrokerProcess } from '../harness/broker-process.ts'
import { startNatsCluster, upstreamUrl } from '../harness/upstreams.ts'
import { ServedMqtt } from '../mqtt/served-mqtt.ts'
import { relayJourneys } from './relay-journeys.ts'

let nodes: readonly BrokerProcess[] = []
const served = new ServedMqtt(async () => {
  nodes = await startNatsCluster()
  return { upstreamUrl: upstreamUrl(...nodes.map(({ port }) => port)) }
})
afterAll(() => Promise.all(nodes.map(node => node.close())))

relayJourneys(served, { levels: [4], qos2: false })
