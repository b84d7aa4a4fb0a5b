import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem } from './failures.ts'
import type { Api } from './parts.ts'
import { Problem } from './problem.ts'

/** Replies to addresses that no route takes: 405 with Allow where another method would do, else 404. Call it before any route. */
export function answerUnknownRoutes(api: Api): void {
  const methodsByPattern = new Map<string, Set<string>>()
  api.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByPattern.get(url) ?? new Set()
    for (const name of [method].flat()) methods.add(name)
    methodsByPattern.set(url, methods)
  })
  api.setNotFoundHandler(async (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const matches = [...methodsByPattern].filter(([pattern]) => fits(pattern, path))
    const allow = [...new Set(matches.flatMap(([, methods]) => [...methods]))].sort().join(', ')
    const problem =
      allow === ''
        ? new Problem('not-found')
        : new Problem('method-not-allowed', {
            detail: `${request.method} is not a method of this address; it takes ${allow}.`,
            headers: { allow },
          })
    return sendProblem(reply, problem)
  })
}

function fits(pattern: string, path: string): boolean {
  const expected = pattern.split('/')
  const given = path.split('/')
  return (
    expected.length === given.length &&
    expected.every((part, index) => (part.startsWith(':') ? given[index] !== '' : part === given[index]))
  )
}
