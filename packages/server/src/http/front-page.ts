import type { Api, HttpParts } from './parts.ts'

/** What a browser sees at the address of the API. */
export function frontPage(api: Api, { version }: HttpParts): void {
  const page = [
    '<!doctype html>',
    '<meta charset="utf-8">',
    '<title>Hatchway</title>',
    `<h1>Hatchway ${version}</h1>`,
    '<p>Gives each device its own identity on its first connection.</p>',
    '<ul>',
    '<li>API: <code>/api/v1</code>, described by <a href="/api/v1/openapi.json">openapi.json</a></li>',
    '<li>CA file for devices: <a href="/ca.pem">ca.pem</a></li>',
    '<li>State: <a href="/readyz">readyz</a>, <a href="/metrics">metrics</a></li>',
    '</ul>',
    '',
  ].join('\n')
  api.get('/', { schema: { hide: true } }, async (_request, reply) => {
    reply.header('content-type', 'text/html; charset=utf-8')
    return page
  })
}
