import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Session, User } from '../../registry/types.ts'
import { actorOf, type Caller, callerOf } from '../caller.ts'
import type { Api, HttpParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { boundedText, flag, iso, keyedProblems, nothing, oneOf, text, time } from '../schemas.ts'
import { clearSessionCookie } from './session-cookie.ts'
import { userNameField } from './session-schemas.ts'

const UserSession = Type.Object({
  id: text('Id of the session'),
  user: text('User name'),
  via: oneOf(['password', 'oidc'], 'How the user signed in'),
  createdAt: time('When the user signed in'),
  lastSeenAt: time('When something was last asked through it, to the minute'),
  expiresAt: time('When it ends if nothing more is asked through it'),
  address: text('Peer address, the last one that was seen'),
  userAgent: text('What the browser says of itself'),
  current: flag('Whether this request came through it'),
})
const UserSessions = Type.Object(
  { items: Type.Array(UserSession) },
  { description: 'Sessions that last, newest first' },
)

const OfUser = Type.Object(
  {
    user: Type.Optional({ ...userNameField, description: 'Another user’s, for administrators; without it one’s own' }),
  },
  { additionalProperties: false },
)
const config = { access: 'read', allProducts: true } as const
const tags = ['accounts']

export function sessionRoutes(api: Api, parts: HttpParts): void {
  listRoute(api, parts)
  endRoutes(api, parts)
}

function listRoute(api: Api, parts: HttpParts): void {
  const { sessions } = parts.accounts
  api.get(
    '/sessions',
    {
      config,
      schema: {
        tags,
        operationId: 'listSessions',
        summary: 'Where a user is signed in',
        querystring: OfUser,
        response: { 200: UserSessions, ...keyedProblems(404) },
      },
    },
    async request => {
      const user = await meantUser(parts, request, request.query.user)
      const current = ownSessionId(callerOf(request))
      const shown = (session: Session) => ({
        id: session.id,
        user: user.name,
        via: session.via,
        createdAt: iso(session.createdAt),
        lastSeenAt: iso(session.lastSeenAt),
        expiresAt: iso(sessions.endsAt(session)),
        address: session.address,
        userAgent: session.userAgent,
        current: session.id === current,
      })
      return { items: (await sessions.ofUser(user.id)).map(shown) }
    },
  )
}

function endRoutes(api: Api, parts: HttpParts): void {
  const { sessions } = parts.accounts
  api.delete(
    '/sessions',
    {
      config,
      schema: {
        tags,
        operationId: 'endSessions',
        summary: 'Sign a user out everywhere, here too',
        querystring: OfUser,
        response: { 204: nothing('Signed out'), ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const user = await meantUser(parts, request, request.query.user)
      await sessions.endAll(user, actorOf(request))
      if (callerOf(request).id === user.id) clearSessionCookie(reply)
      reply.code(204)
      return null
    },
  )
  api.delete(
    '/sessions/:id',
    {
      config,
      schema: {
        tags,
        operationId: 'endSession',
        summary: 'Sign a user out in one place',
        params: Type.Object({ id: boundedText('Id of the session', 64) }),
        querystring: OfUser,
        response: { 204: nothing('Signed out'), ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const user = await meantUser(parts, request, request.query.user)
      await sessions.end(user, request.params.id, actorOf(request))
      if (ownSessionId(callerOf(request)) === request.params.id) clearSessionCookie(reply)
      reply.code(204)
      return null
    },
  )
}

const ownSessionId = (caller: Caller): string | null => (caller.kind === 'user' ? caller.signedIn.session.id : null)

/** One's own, or for administrators the one that is named. */
async function meantUser({ accounts }: HttpParts, request: FastifyRequest, name: string | undefined): Promise<User> {
  const caller = callerOf(request)
  if (name === undefined) {
    if (caller.kind === 'user') return caller.signedIn.user
    throw new Problem('field-invalid', {
      status: 400,
      field: 'user',
      detail: 'user is missing: an API key has no sessions of its own.',
      fix: 'Add the name of a user.',
    })
  }
  if (caller.role === 'admin' || (caller.kind === 'user' && caller.name === name)) return accounts.users.byName(name)
  throw new Problem('forbidden', {
    field: 'user',
    detail: 'Only administrators see and end the sessions of others.',
    fix: 'Leave user out for your own.',
  })
}
