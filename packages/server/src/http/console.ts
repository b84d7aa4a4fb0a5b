import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ConsoleFile, type ConsoleFiles, NONCE_MARK } from './console-files.ts'
import type { Api, HttpParts } from './parts.ts'

/** Addresses at which the console shows a page. Everything else that is unknown stays a 404. */
export const CONSOLE_ROUTES = [
  '/',
  '/setup',
  '/products',
  '/products/*',
  '/devices',
  '/journal',
  '/explain',
  '/access',
  '/account',
  '/audit',
  '/settings',
] as const

const NONCE_BYTES = 16
const YEAR_SECONDS = 31_536_000
const HASHED = /^\/assets\//

/** Scripts and fonts come from here alone; style elements, which the component library makes at run time, need the nonce. */
const pagePolicy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/** The console's page and files; where it was not built, a page that says how to build it. */
export function consoleRoutes(api: Api, { consoleFiles, version }: Pick<HttpParts, 'consoleFiles' | 'version'>): void {
  const schema = { hide: true }
  if (consoleFiles === null) {
    api.get('/', { schema }, async (_request, reply) => reply.type('text/html; charset=utf-8').send(notBuilt(version)))
    return
  }
  for (const url of CONSOLE_ROUTES) api.get(url, { schema }, async (_request, reply) => sendPage(reply, consoleFiles))
  for (const [path, file] of consoleFiles.files) {
    api.get(path, { schema }, async (request, reply) => sendFile(request, reply, { path, file }))
  }
}

function sendPage(reply: FastifyReply, { page }: ConsoleFiles): FastifyReply {
  const nonce = randomBytes(NONCE_BYTES).toString('base64url')
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', pagePolicy(nonce))
    .send(page.replaceAll(NONCE_MARK, nonce))
}

function sendFile(request: FastifyRequest, reply: FastifyReply, { path, file }: { path: string; file: ConsoleFile }) {
  // A hashed name never stands for another content.
  if (HASHED.test(path)) reply.header('cache-control', `public, max-age=${YEAR_SECONDS}, immutable`)
  reply.type(file.contentType).header('vary', 'accept-encoding')
  const [encoding, content] = encoded(file, request.headers['accept-encoding'] ?? '')
  if (encoding !== undefined) reply.header('content-encoding', encoding)
  return reply.send(content)
}

function encoded({ br, gzip, content }: ConsoleFile, accepted: string): [string | undefined, Buffer] {
  const accepts = (name: string): boolean => new RegExp(`\\b${name}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`).test(accepted)
  if (br !== undefined && accepts('br')) return ['br', br]
  if (gzip !== undefined && accepts('gzip')) return ['gzip', gzip]
  return [undefined, content]
}

const notBuilt = (version: string): string =>
  [
    '<!doctype html>',
    '<meta charset="utf-8">',
    '<title>Hatchway</title>',
    `<h1>Hatchway ${version}</h1>`,
    '<p>Gives each device its own identity on its first connection.</p>',
    '<p>The console is not built: run <code>npm run console</code> in the project’s folder and start the server again.</p>',
    '<ul>',
    '<li>API: <code>/api/v1</code>, described by <a href="/api/v1/openapi.json">openapi.json</a></li>',
    '<li>CA file for devices: <a href="/ca.pem">ca.pem</a></li>',
    '<li>State: <a href="/readyz">readyz</a>, <a href="/metrics">metrics</a></li>',
    '</ul>',
    '',
  ].join('\n')
