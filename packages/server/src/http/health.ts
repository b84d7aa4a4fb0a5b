import { Type } from 'typebox'
import type { Api, HttpParts } from './parts.ts'
import { flag, text } from './schemas.ts'

const Ready = Type.Object(
  {
    ready: flag('Whether devices and API clients can be served'),
    problems: Type.Array(Type.String(), { description: 'Why not, one sentence each' }),
  },
  { description: 'Readiness' },
)

/** For load balancers and process managers: open, and without anything worth hiding. */
export function healthRoutes(api: Api, { readiness, caPem }: HttpParts): void {
  api.get(
    '/healthz',
    {
      schema: {
        operationId: 'health',
        summary: 'Whether the process answers',
        tags: ['operation'],
        security: [],
        response: { 200: Type.Object({ status: text('ok') }, { description: 'It does' }) },
      },
    },
    async () => ({ status: 'ok' }),
  )
  api.get(
    '/readyz',
    {
      schema: {
        operationId: 'readiness',
        summary: 'Whether the server can take devices now',
        tags: ['operation'],
        security: [],
        response: { 200: Ready, 503: Ready },
      },
    },
    async (_request, reply) => {
      const { ready, problems } = await readiness()
      reply.code(ready ? 200 : 503)
      return { ready, problems: [...problems] }
    },
  )
  api.get(
    '/ca.pem',
    {
      schema: {
        operationId: 'certificateAuthority',
        summary: 'The CA file that devices pin',
        tags: ['operation'],
        security: [],
        response: {
          200: { description: 'PEM', content: { 'application/x-pem-file': { schema: text('Certificates, PEM') } } },
        },
      },
    },
    async (_request, reply) => {
      reply.header('content-type', 'application/x-pem-file')
      return caPem()
    },
  )
}
