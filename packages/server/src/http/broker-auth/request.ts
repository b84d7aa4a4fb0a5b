import type { FastifyRequest } from 'fastify'
import { acceptJson } from '../body.ts'
import type { Api } from '../parts.ts'
import { Problem } from '../problem.ts'
import type { BrokerQuery, BrokerRequest } from './adapter.ts'

export const FORM_TYPE = 'application/x-www-form-urlencoded'

export interface BrokerParams {
  broker: string
  part?: string
}

export function acceptJsonAndForms(api: Api): void {
  acceptJson(api)
  api.addContentTypeParser(FORM_TYPE, { parseAs: 'string' }, async (_request: FastifyRequest, body: string) =>
    readForm(body),
  )
}

export const isForm = (request: FastifyRequest): boolean =>
  request.headers['content-type']?.startsWith(FORM_TYPE) === true

/** Which one counts of a field that comes twice would be a guess. */
function readForm(body: string): Readonly<Record<string, string>> {
  const fields = new Map<string, string>()
  for (const [field, value] of new URLSearchParams(body)) {
    if (fields.has(field)) throw new Problem('field-invalid', { detail: 'A field of the form comes twice.' })
    fields.set(field, value)
  }
  return Object.fromEntries(fields)
}

function recordOf(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  throw new Problem('body-malformed', { detail: 'The body is neither a JSON object nor a form.' })
}

export function readRequest(request: FastifyRequest): BrokerRequest {
  const { part = '' } = request.params as BrokerParams
  const hook = request.headers['vernemq-hook']
  return {
    part,
    query: request.query as BrokerQuery, // checked by the route’s schema
    hook: typeof hook === 'string' ? hook : undefined,
    isForm: isForm(request),
    body: recordOf(request.body),
  }
}
