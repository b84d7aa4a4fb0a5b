import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { actorAs, type NewSession, type Visitor } from '../../registry/accounts/index.ts'
import { acceptJson, refuseUnexpectedBody } from '../body.ts'
import type { Api, HttpParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { boundedText, nothing, problems, ref } from '../schemas.ts'
import { checkSameOrigin } from './same-origin.ts'
import { clearSessionCookie, sessionToken, setSessionCookie } from './session-cookie.ts'
import { NotSignedIn, passwordField, SessionReply, sessionReply, userNameField } from './session-schemas.ts'
import { wayChecker } from './way.ts'

const SIGN_IN_WAYS = { password: true, oidc: null } as const
const TAGS = { tags: ['accounts'], security: [] }

const Credentials = Type.Object(
  { name: userNameField, password: passwordField('Password') },
  { additionalProperties: false },
)
const Setup = Type.Object(
  {
    token: boundedText('What stands behind #token= in the link', 256),
    name: userNameField,
    password: passwordField('12 to 256 characters'),
  },
  { additionalProperties: false },
)

/** Getting in and out. Open, because whoever comes here has nothing to show yet. */
export function signInRoutes(api: Api, parts: HttpParts): void {
  const checkWay = wayChecker(parts.settings)
  api.addHook('onRequest', async request => {
    checkWay(request)
    checkSameOrigin(request)
  })
  api.addHook('preHandler', refuseUnexpectedBody)
  acceptJson(api)
  showRoute(api, parts)
  signInRoute(api, parts)
  signOutRoute(api, parts)
  setupRoute(api, parts)
}

export const visitorOf = ({ ip, headers }: FastifyRequest): Visitor => ({
  address: ip,
  userAgent: headers['user-agent'] ?? '',
})

/** The user of a session that lasts. */
const signedIn = async ({ accounts }: HttpParts, request: FastifyRequest) => {
  const token = sessionToken(request)
  return token === undefined ? undefined : accounts.sessions.live(token, request.ip)
}

function showRoute(api: Api, parts: HttpParts): void {
  const { accounts } = parts
  const notSignedIn = {
    description: 'Nobody is signed in',
    content: { 'application/problem+json': { schema: ref(NotSignedIn) } },
  }
  api.get(
    '/session',
    {
      schema: {
        ...TAGS,
        operationId: 'showSession',
        summary: 'Who is signed in, and how people sign in',
        response: { 200: ref(SessionReply), ...problems(400, 403, 500, 503), ...({ 401: notSignedIn } as object) },
      },
    },
    async request => {
      const known = await signedIn(parts, request)
      if (known) return sessionReply(known, { sessions: accounts.sessions, signIn: SIGN_IN_WAYS })
      throw new Problem('not-signed-in', { members: { setup: await accounts.needsSetup(), signIn: SIGN_IN_WAYS } })
    },
  )
}

function signInRoute(api: Api, parts: HttpParts): void {
  const { accounts, log } = parts
  api.post(
    '/session',
    {
      schema: {
        ...TAGS,
        operationId: 'signIn',
        summary: 'Sign in by name and password; sets the session cookie',
        body: Credentials,
        response: { 200: ref(SessionReply), ...problems(400, 401, 403, 413, 415, 422, 429, 500, 503) },
      },
    },
    async (request, reply) => {
      const outcome = await accounts.signIn(request.body, visitorOf(request))
      if (outcome.ok) return enter(parts, outcome.session, { request, reply })
      // Not the name: people type their password there.
      log.info({ address: request.ip, reason: outcome.reason }, 'nobody was signed in')
      throw outcome.reason === 'sign-in-delayed' ? delayed(outcome.waitMs) : new Problem(outcome.reason)
    },
  )
}

export function delayed(waitMs: number): Problem {
  const seconds = Math.ceil(waitMs / 1000)
  return new Problem('sign-in-delayed', {
    detail: `Signing in failed too often; the next attempt has to wait ${seconds} s.`,
    headers: { 'retry-after': String(seconds) },
  })
}

function signOutRoute(api: Api, parts: HttpParts): void {
  api.delete(
    '/session',
    {
      schema: {
        ...TAGS,
        operationId: 'signOut',
        summary: 'Sign out here',
        response: { 204: nothing('Signed out'), ...problems(400, 403, 413, 415, 422, 500, 503) },
      },
    },
    async (request, reply) => {
      await leave(parts, request)
      clearSessionCookie(reply)
      reply.code(204)
      return null
    },
  )
}

function setupRoute(api: Api, parts: HttpParts): void {
  api.post(
    '/setup',
    {
      schema: {
        ...TAGS,
        operationId: 'setUp',
        summary: 'Create the first administrator by the link of the first start; signs in',
        body: Setup,
        response: { 200: ref(SessionReply), ...problems(400, 403, 409, 413, 415, 422, 500, 503) },
      },
    },
    async (request, reply) => {
      const session = await parts.accounts.setUp(request.body, visitorOf(request))
      return enter(parts, session, { request, reply })
    },
  )
}

/** Whatever session the browser had before ends: nobody can lay one under another user. */
async function enter(
  parts: HttpParts,
  session: NewSession,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<SessionReply> {
  const { accounts, log } = parts
  await leave(parts, request)
  setSessionCookie(reply, session.token, Math.floor((session.session.expiresAt - session.session.createdAt) / 1000))
  log.info({ user: session.user.name, address: request.ip }, 'signed in')
  return sessionReply(session, { sessions: accounts.sessions, signIn: SIGN_IN_WAYS })
}

async function leave(parts: HttpParts, request: FastifyRequest): Promise<void> {
  const known = await signedIn(parts, request)
  if (known) await parts.accounts.sessions.endIfThere(known, actorAs(known.user, request.ip))
}
