import { code, markdownTable } from './docs-markers.ts'

interface Operation {
  summary?: string
}

/** As much of an OpenAPI document as the table needs. */
export interface ApiDescription {
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** Every route of the server's own OpenAPI document. */
export function routeTable({ paths }: ApiDescription): string {
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
