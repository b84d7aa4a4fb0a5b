/** Where operational messages go; a pino logger is one. */
export interface GatewayLog {
  info(values: object, message: string): void
  warn(values: object, message: string): void
  error(values: object, message: string): void
}
