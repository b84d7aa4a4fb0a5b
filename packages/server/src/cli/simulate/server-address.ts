import { getCACertificates } from 'node:tls'
import type { ApiClient } from '../api-client.ts'
import { readCa } from '../device-files.ts'
import { CliError, type Io, usageError } from '../io.ts'
import { isOnThisMachine } from '../server-access.ts'

/** Where devices connect, and whom they trust; without `ca` the usual authorities. */
export interface ServerAddress {
  url: string
  ca?: string | readonly string[]
}

interface System {
  endpoints: { kind: string; url: string }[]
}

/** The address that was given, else the MQTT port of the server whose API `api` is. */
export async function serverAddress(
  given: { url?: string; ca?: string },
  { api, io }: { api: () => ApiClient; io: Io },
): Promise<ServerAddress> {
  const named = await readCa(given.ca, io)
  if (given.url !== undefined) return { url: given.url, ...named }
  const client = api()
  const url = await mqttUrl(client)
  if (named.ca !== undefined) return { url, ca: named.ca }
  // Whoever can change the answer could give us a CA of his own.
  if (!client.server.startsWith('https:') && !isOnThisMachine(client.server)) {
    throw usageError('--ca: is needed with a server that is reached by plain HTTP. Give its ca.pem.')
  }
  return { url, ca: [...getCACertificates('default'), await client.text('/ca.pem')] }
}

async function mqttUrl(client: ApiClient): Promise<string> {
  const { endpoints } = await client.get<System>('/api/v1/system')
  const endpoint = endpoints.find(({ kind }) => kind === 'mqtt')
  if (endpoint === undefined) throw new CliError(`The server at ${client.server} has no MQTT port. Give --url.`)
  const { hostname } = new URL(client.server)
  return `mqtts://${hostname}:${new URL(endpoint.url).port}`
}
