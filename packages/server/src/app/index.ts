/** The composition root: the only room that knows every other one. */
export { ConfigError, loadConfig } from './config.ts'
export { createLog, type Log } from './log.ts'
export { migrateStore } from './migrate-store.ts'
export { type Config, configOptions } from './options.ts'
export { type MqttEndpoint, type RunningServer, startServer } from './server.ts'
