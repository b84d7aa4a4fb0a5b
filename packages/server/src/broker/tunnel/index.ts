/** Connections of one process of this server handed to the broker of another one. */
export { decodePreface, type Preface } from './preface.ts'
export { createTunnelBroker, type TunnelBroker } from './tunnel-broker.ts'
