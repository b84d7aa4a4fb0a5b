import type { OpenApi } from './api-client.ts'
import { commandSections, commandTable } from './docs-commands.ts'
import { workedExample } from './docs-example.ts'
import type { Page } from './docs-markers.ts'
import { mistakeList, reasonSections } from './docs-reasons.ts'
import { metricsTable, routeTable } from './docs-server.ts'
import { settingsTable } from './docs-settings.ts'

/** What only a running server can tell. */
export interface ServerFacts {
  api: OpenApi
  metrics: string
}

/** @param http base URL of a running server, without a slash at its end */
export async function serverFacts(http: string): Promise<ServerFacts> {
  const read = async (path: string): Promise<string> => {
    const response = await fetch(`${http}${path}`, { signal: AbortSignal.timeout(20_000) })
    if (!response.ok) throw new Error(`${path}: HTTP status ${response.status}`)
    return response.text()
  }
  return { api: JSON.parse(await read('/api/v1/openapi.json')) as OpenApi, metrics: await read('/metrics') }
}

/** Every page with generated parts; the rest of docs/ is written by hand. */
export function generatedPages({ api, metrics }: ServerFacts): Page[] {
  return [
    { file: 'docs/configuration.md', parts: { settings: settingsTable() } },
    { file: 'docs/reasons.md', parts: { reasons: reasonSections('en'), mistakes: mistakeList('en') } },
    { file: 'docs/reasons.zh-CN.md', parts: { reasons: reasonSections('zh'), mistakes: mistakeList('zh') } },
    { file: 'docs/devices.md', parts: { 'worked-example': workedExample() } },
    { file: 'docs/http-api.md', parts: { routes: routeTable(api) } },
    { file: 'docs/cli.md', parts: { commands: commandTable(), help: commandSections() } },
    { file: 'docs/operations.md', parts: { metrics: metricsTable(metrics) } },
  ]
}
