import type { FastifyRequest } from 'fastify'
import { Problem } from '../problem.ts'

const OWN_REQUEST = 'x-hatchway-request'
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * For requests that change something by a session: a form of another site can't send the header, and a browser tells
 * where a request comes from. Both are asked for, and a request that tells neither is refused.
 *
 * @throws Problem cross-site-request
 */
export function checkSameOrigin(request: FastifyRequest): void {
  if (READING.has(request.method)) return
  if (request.headers[OWN_REQUEST] !== '1') {
    throw new Problem('cross-site-request', {
      field: OWN_REQUEST,
      detail: 'A request that changes something by a session has to carry X-Hatchway-Request: 1.',
      fix: 'Add the header, or use an API key.',
    })
  }
  const site = request.headers['sec-fetch-site']
  if (site === 'same-origin') return
  const origin = request.headers.origin
  if (site === undefined && origin !== undefined && isOwn(origin, request)) return
  throw new Problem('cross-site-request', {
    field: site === undefined ? 'Origin' : 'Sec-Fetch-Site',
    fix: 'Use the console, or an API key; behind a proxy see HATCHWAY_HTTP_TRUSTED_PROXIES.',
  })
}

/** Whether one of the console's pages says that it asks, for the choice of an answer only. */
export const isFromConsole = ({ headers }: FastifyRequest): boolean =>
  headers[OWN_REQUEST] !== undefined || headers['sec-fetch-site'] === 'same-origin'

const isOwn = (origin: string, { protocol, host }: FastifyRequest): boolean =>
  URL.parse(origin)?.origin === URL.parse(`${protocol}://${host}`)?.origin
