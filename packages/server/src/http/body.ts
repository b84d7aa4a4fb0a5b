import type { FastifyRequest } from 'fastify'
import type { Api } from './parts.ts'
import { Problem } from './problem.ts'

/**
 * JSON bodies for every route of this scope. An empty one counts as none: clients announce JSON on requests that need no body.
 * `__proto__` and the like are refused instead of dropped.
 */
export function acceptJson(api: Api): void {
  api.removeAllContentTypeParsers()
  const parse = api.getDefaultJsonParser('error', 'error')
  api.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body.trim() === '') done(null, undefined)
    else parse(request, body, done)
  })
}

/** A preHandler hook: what a route has no schema for is refused like any other unknown field. */
export async function refuseUnexpectedBody({ body, routeOptions }: FastifyRequest): Promise<void> {
  if (routeOptions.schema?.body !== undefined || body === undefined || body === null) return
  const [field] = typeof body === 'object' ? Object.keys(body) : ['body']
  if (field === undefined) return
  throw new Problem('field-invalid', {
    field,
    detail: `${field} is not a field of this operation.`,
    fix: 'Send the request without a body.',
  })
}
