import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorAs, type NewSession, type Visitor } from '../../registry/accounts/index.ts'
import type { HttpParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { sessionToken, setSessionCookie } from './session-cookie.ts'
import { type SessionReply, type SignInWays, sessionReply } from './session-schemas.ts'

export const SIGN_ON_PATH = '/api/v1/session/oidc'

export const visitorOf = ({ ip, headers }: FastifyRequest): Visitor => ({
  address: ip,
  userAgent: headers['user-agent'] ?? '',
})

/** The user of a session that lasts. */
export const signedIn = async ({ accounts }: HttpParts, request: FastifyRequest) => {
  const token = sessionToken(request)
  return token === undefined ? undefined : accounts.sessions.live(token, request.ip)
}

export const waysOf = ({ singleSignOn }: HttpParts): SignInWays => ({
  password: true,
  oidc: singleSignOn && { name: singleSignOn.name, url: SIGN_ON_PATH },
})

export function delayed(waitMs: number): Problem {
  const seconds = Math.ceil(waitMs / 1000)
  return new Problem('sign-in-delayed', {
    detail: `Signing in failed too often; the next attempt has to wait ${seconds} s.`,
    headers: { 'retry-after': String(seconds) },
  })
}

/** Whatever session the browser had before ends: nobody can lay one under another user. */
export async function enter(
  parts: HttpParts,
  session: NewSession,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<SessionReply> {
  const { accounts, log } = parts
  await leave(parts, request)
  setSessionCookie(reply, session.token, Math.floor((session.session.expiresAt - session.session.createdAt) / 1000))
  log.info({ user: session.user.name, address: request.ip }, 'signed in')
  return sessionReply(session, { sessions: accounts.sessions, signIn: waysOf(parts) })
}

export async function leave(parts: HttpParts, request: FastifyRequest): Promise<void> {
  const known = await signedIn(parts, request)
  if (known) await parts.accounts.sessions.endIfThere(known, actorAs(known.user, request.ip))
}
