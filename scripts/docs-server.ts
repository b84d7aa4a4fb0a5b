import type { OpenApi } from './api-client.ts'
import { code, markdownTable } from './docs-markers.ts'

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** Every route of the server's own OpenAPI document. */
export function routeTable({ paths }: OpenApi): string {
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    METHODS.flatMap(method => {
      const operation = operations[method]
      return operation === undefined ? [] : [[code(`${method.toUpperCase()} ${path}`), operation.summary ?? '']]
    }),
  )
  return markdownTable(['route', 'what it does'], rows)
}

/** Every figure that the server's `/metrics` tells. */
export function metricsTable(metrics: string): string {
  const types = new Map([...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(match => [match[1], match[2] ?? '']))
  const rows = [...metrics.matchAll(/^# HELP (\S+) (.*)$/gm)]
    .map(([, name = '', help = '']) => [code(name), types.get(name) ?? '', help])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
  return markdownTable(['metric', 'type', 'meaning'], rows)
}
