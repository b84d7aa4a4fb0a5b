import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Api, HttpParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { nothing, problems } from '../schemas.ts'
import { enter, SIGN_ON_PATH, visitorOf } from './entering.ts'
import { SIGN_ON_TIMEOUT_MS, SignOnRefused, type SingleSignOn } from './single-sign-on.ts'

const COOKIE = 'hatchway-sign-on'
/** Lax, because the provider's page leads back here. */
const ATTRIBUTES = `Path=${SIGN_ON_PATH}; HttpOnly; SameSite=Lax`
const CONSOLE = '/'

const TAGS = { tags: ['accounts'], security: [] }
const moved = (description: string): object => ({ 302: nothing(description) })

/** The browser itself goes through these two, so they answer by leading it on. */
export function singleSignOnRoutes(api: Api, parts: HttpParts): void {
  const { singleSignOn, clock, log } = parts
  api.get(
    '/session/oidc',
    {
      schema: {
        ...TAGS,
        operationId: 'beginSingleSignOn',
        summary: 'Lead the browser to the provider of single sign-on',
        response: { ...moved('To the provider'), ...problems(400, 403, 404, 500, 503) },
      },
    },
    async (request, reply) => {
      const provider = there(singleSignOn)
      try {
        const { url, sealed } = await provider.begin(redirectUri(request), clock())
        setCookie(reply, sealed, SIGN_ON_TIMEOUT_MS / 1000)
        reply.redirect(url)
      } catch (cause) {
        log.error({ err: cause }, 'the provider of single sign-on could not be asked')
        const detail = 'The provider of single sign-on can not be reached.'
        throw new Problem('overloaded', { detail, fix: 'Try again, or sign in by password.', cause })
      }
      return reply
    },
  )
  api.get(
    '/session/oidc/callback',
    {
      schema: {
        ...TAGS,
        operationId: 'finishSingleSignOn',
        summary: 'Where the provider leads the browser back to; signs in',
        // What the provider adds is checked with the whole address.
        querystring: Type.Object({}, { additionalProperties: true }),
        response: { ...moved('Signed in: to the console'), ...problems(400, 401, 403, 404, 429, 500, 503) },
      },
    },
    async (request, reply) => {
      const provider = there(singleSignOn)
      const url = new URL(request.originalUrl, redirectUri(request))
      try {
        const identity = await provider.finish({ url, sealed: cookieOf(request), now: clock() })
        await enter(parts, await parts.accounts.signInIdentified(identity, visitorOf(request)), { request, reply })
      } catch (error) {
        if (!(error instanceof SignOnRefused)) throw error
        log.warn({ err: error, address: request.ip }, 'nobody was signed in by single sign-on')
        throw new Problem('sign-in-refused', {
          detail: `${error.message}.`,
          fix: 'Begin again, or ask an administrator.',
        })
      } finally {
        setCookie(reply, '', 0)
      }
      reply.redirect(CONSOLE)
      return reply
    },
  )
}

const there = (singleSignOn: SingleSignOn | null): SingleSignOn => {
  if (singleSignOn !== null) return singleSignOn
  throw new Problem('not-found', { detail: 'There is no single sign-on here.', fix: 'Set HATCHWAY_OIDC_ISSUER.' })
}

const redirectUri = ({ protocol, host }: FastifyRequest): string => `${protocol}://${host}${SIGN_ON_PATH}/callback`

function setCookie(reply: FastifyReply, value: string, maxAgeSeconds: number): void {
  const secure = reply.request.protocol === 'https' ? '; Secure' : ''
  reply.header('set-cookie', `${COOKIE}=${value}; Max-Age=${maxAgeSeconds}; ${ATTRIBUTES}${secure}`)
}

const cookieOf = ({ headers }: FastifyRequest): string =>
  new RegExp(`(?:^|; *)${COOKIE}=([A-Za-z0-9_-]+)`).exec(headers.cookie ?? '')?.[1] ?? ''
