/** Takes devices' connections: TLS, plain TCP and WebSocket on one port, up to the point where the broker has them. */
export {
  CertificateError,
  type CertificateSource,
  type Certificates,
  type CertificateWatch,
  loadCertificates,
  watchCertificates,
} from './certificates/index.ts'
export { createGateway, type Gateway, type GatewayParts, type GatewayStats } from './gateway.ts'
export type { GatewayLog } from './gateway-log.ts'
export { ListenError, type ListenerAddress } from './listener.ts'
export { defaultGatewaySettings, type GatewaySettings } from './settings.ts'
export { httpsOptions, secureContextOf } from './tls-options.ts'
export { TunnelHall, type TunnelHallOptions } from './tunnel-hall.ts'
