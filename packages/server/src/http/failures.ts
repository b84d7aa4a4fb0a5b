import type { FastifyReply, FastifyRequest } from 'fastify'
import { UpstreamUnavailable } from '../broker/upstream-unavailable.ts'
import { RequestError } from '../registry/request-error.ts'
import { Conflict, InvalidCursor, StoreUnavailable } from '../registry/store.ts'
import type { HttpParts } from './parts.ts'
import { PROBLEM_TYPE, Problem, problemDocument } from './problem.ts'

const RETRY_AFTER_SECONDS = 5

/** Codes of Fastify's own refusals, as what they are to the client. */
const FRAMEWORK_PROBLEMS: Readonly<Record<string, (request: FastifyRequest) => Problem>> = {
  FST_ERR_BAD_URL: () =>
    new Problem('field-invalid', {
      status: 400,
      field: 'path',
      detail: 'The path has a % that is not followed by two hexadecimal digits, or does not decode to UTF-8.',
      fix: 'URL-encode each part of the path, as encodeURIComponent does.',
    }),
  FST_ERR_MAX_PARAM_LENGTH: () => new Problem('not-found', { detail: 'A part of the path is longer than any name.' }),
  FST_ERR_CTP_BODY_TOO_LARGE: () => new Problem('body-too-large'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: request => {
    const [type = 'application/json'] = request.routeOptions.schema?.consumes ?? []
    return new Problem('unsupported-media-type', {
      field: 'Content-Type',
      detail: `This operation does not take the body’s Content-Type; it takes ${type}.`,
      fix: `Send Content-Type: ${type}.`,
    })
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new Problem('body-malformed', {
      field: 'Content-Length',
      detail: 'The body is not as long as Content-Length says.',
    }),
  FST_ERR_CTP_INVALID_JSON_BODY: () => new Problem('body-malformed', { detail: 'The body is not valid JSON.' }),
  FST_ERR_HANDLER_TIMEOUT: () =>
    new Problem('overloaded', { detail: 'The operation took too long; it may still be carried out.' }),
}

/** What a thrown value means to the client. Anything unforeseen is an internal error that says nothing of itself. */
export function problemOf(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error
  if (error instanceof RequestError) return ofRequest(error)
  if (error instanceof StoreUnavailable || error instanceof UpstreamUnavailable)
    return new Problem(error.reason, { cause: error })
  if (error instanceof Conflict) return new Problem(error.reason, { cause: error })
  if (error instanceof InvalidCursor)
    return new Problem('field-invalid', { status: 400, field: 'cursor', cause: error })
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  const known = Object.hasOwn(FRAMEWORK_PROBLEMS, code) ? FRAMEWORK_PROBLEMS[code] : undefined
  return known?.(request) ?? new Problem('internal-error', { cause: error })
}

const ofRequest = ({ reason, problem, fix, field }: RequestError): Problem =>
  new Problem(reason, {
    detail: `${problem}.`,
    fix: `${fix.charAt(0).toUpperCase()}${fix.slice(1)}.`,
    ...(field === undefined ? {} : { field }),
  })

/** The one place where a failure becomes a reply, and where the server's own failures are logged. */
export function replyWithFailure(log: HttpParts['log']) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const problem = problemOf(error, request)
    if (problem.status >= 500) {
      // The route's pattern, not the URL: what a client puts into a URL has no place in the log.
      const where = { method: request.method, route: request.routeOptions.url, code: problem.code }
      log.error({ ...where, err: problem.cause ?? problem }, 'an HTTP request failed')
    }
    return sendProblem(reply, problem)
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS)
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .header('content-type', PROBLEM_TYPE)
    .send(JSON.stringify(problemDocument(problem)))
}
