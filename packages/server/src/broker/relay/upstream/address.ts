/** Where an MQTT cluster is and who the relay is there. */
export interface UpstreamAddress {
  readonly isTls: boolean
  readonly userName: string | undefined
  readonly password: string | undefined
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
}

/** As it is written in addresses, journal and metrics. */
export function hostName({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
