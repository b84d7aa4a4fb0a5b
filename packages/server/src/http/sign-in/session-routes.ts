import { Type } from 'typebox'
import { acceptJson, refuseUnexpectedBody } from '../body.ts'
import type { Api, HttpParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { boundedText, nothing, problems, ref } from '../schemas.ts'
import { delayed, enter, leave, signedIn, visitorOf, waysOf } from './entering.ts'
import { checkSameOrigin } from './same-origin.ts'
import { clearSessionCookie } from './session-cookie.ts'
import { NotSignedIn, passwordField, SessionReply, sessionReply, userNameField } from './session-schemas.ts'
import { singleSignOnRoutes } from './single-sign-on-routes.ts'
import { wayChecker } from './way.ts'

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
  singleSignOnRoutes(api, parts)
}

function showRoute(api: Api, parts: HttpParts): void {
  const { accounts } = parts
  const signIn = waysOf(parts)
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
      if (known) return sessionReply(known, { sessions: accounts.sessions, signIn })
      throw new Problem('not-signed-in', { members: { setup: await accounts.needsSetup(), signIn } })
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
