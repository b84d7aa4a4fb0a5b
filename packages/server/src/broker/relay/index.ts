/** A relay onto an existing MQTT cluster in the place of the embedded broker. */
export { createRelayBroker, type RelayBroker, type RelayBrokerOptions } from './broker.ts'
export type { UpstreamAddress } from './upstream/address.ts'
