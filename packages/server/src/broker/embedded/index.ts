/** The broker in this process. What it serves and what not yet: `createEmbeddedBroker`. */
export { createEmbeddedBroker, type EmbeddedBrokerOptions } from './broker.ts'
export { type BrokerSettings, defaultBrokerSettings } from './settings.ts'
