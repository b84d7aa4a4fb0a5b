import type { ReasonCode } from '@hatchway/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { problemOf } from '../failures.ts'
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

/** The browser itself goes through these two, so they answer by leading it on: where it fails, to the console, which says why. */
export function singleSignOnRoutes(api: Api, parts: HttpParts): void {
  const { singleSignOn, clock, log } = parts
  api.get(
    '/session/oidc',
    {
      schema: {
        ...TAGS,
        operationId: 'beginSingleSignOn',
        summary: 'Lead the browser to the provider of single sign-on',
        querystring: Type.Object({
          again: Type.Optional(Type.Boolean({ description: 'Let the provider ask who it is, whomever it knows' })),
        }),
        response: {
          ...moved('To the provider, or back to the console with the reason why not'),
          ...problems(400, 403, 404, 500),
        },
      },
    },
    async (request, reply) => {
      const provider = there(singleSignOn)
      try {
        const isAgain = request.query.again === true
        const { url, sealed } = await provider.begin({ redirectUri: redirectUri(request), isAgain, now: clock() })
        setCookie(reply, sealed, SIGN_ON_TIMEOUT_MS / 1000)
        reply.redirect(url)
      } catch (error) {
        leadBack(error, { request, reply, log })
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
        response: { ...moved('To the console, signed in or with the reason why not'), ...problems(400, 403, 404, 500) },
      },
    },
    async (request, reply) => {
      const provider = there(singleSignOn)
      const url = new URL(request.originalUrl, redirectUri(request))
      setCookie(reply, '', 0)
      try {
        const identity = await provider.finish({ url, sealed: cookieOf(request), now: clock() })
        await enter(parts, await parts.accounts.signInIdentified(identity, visitorOf(request)), { request, reply })
        reply.redirect(CONSOLE)
      } catch (error) {
        leadBack(error, { request, reply, log })
      }
      return reply
    },
  )
}

interface Turn {
  request: FastifyRequest
  reply: FastifyReply
  log: HttpParts['log']
}

/** Names the reason alone: a text that stands in an address could come from anybody. */
function leadBack(error: unknown, { request, reply, log }: Turn): void {
  const code = reasonOf(error, request)
  log.warn({ err: error, code, address: request.ip }, 'nobody was signed in by single sign-on')
  reply.redirect(`${CONSOLE}?${new URLSearchParams({ 'sign-on': code })}`)
}

function reasonOf(error: unknown, request: FastifyRequest): ReasonCode {
  if (error instanceof SignOnRefused) return error.reason
  const { code } = problemOf(error, request)
  if (code === 'sign-in-refused') return 'sign-on-user-refused'
  // The only field that a provider fills is the name of a new user.
  return code === 'field-invalid' ? 'sign-on-no-name' : code
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
