import { Type } from 'typebox'
import type { Sessions } from '../../registry/accounts/index.ts'
import type { SignedIn } from '../../registry/types.ts'
import { ProblemDocument } from '../problem.ts'
import { boundedText, flag, iso, oneOf, text, time } from '../schemas.ts'

export const USER_ROLES = ['admin', 'operator', 'viewer'] as const
export const USER_ROLE_TEXT =
  'admin: all; operator: all but users, keys, product secrets and deletion of products; viewer: read'

/** Longer than any password that is taken, so that the advice comes from there. */
export const passwordField = (description: string) => boundedText(description, 1024)
export const userNameField = boundedText('User name, any case', 128)

const SIGN_IN = {
  signIn: Type.Object(
    {
      password: flag('By name and password'),
      oidc: Type.Unsafe<{ name: string; url: string } | null>({
        type: ['object', 'null'],
        properties: { name: { type: 'string' }, url: { type: 'string' } },
        required: ['name', 'url'],
        description: 'By single sign-on: where to send the browser; null = not set up',
      }),
    },
    { description: 'How people sign in here' },
  ),
}
export type SignInWays = Type.Static<(typeof SIGN_IN)['signIn']>

export const SessionReply = Type.Object(
  {
    user: Type.Object({
      name: text('User name'),
      role: oneOf(USER_ROLES, USER_ROLE_TEXT),
      createdAt: time('When the user was created'),
    }),
    via: oneOf(['password', 'oidc'], 'How the user signed in'),
    expiresAt: time('When the session ends if nothing more is asked through it'),
    ...SIGN_IN,
  },
  { $id: 'Session', description: 'Who is signed in' },
)
export type SessionReply = Type.Static<typeof SessionReply>

export const NotSignedIn = Type.Object(
  { ...ProblemDocument.properties, setup: flag('Whether no user has a password yet'), ...SIGN_IN },
  { $id: 'NotSignedIn', description: 'Nobody is signed in' },
)

export const sessionReply = (
  { session, user }: SignedIn,
  { sessions, signIn }: { sessions: Sessions; signIn: SignInWays },
): SessionReply => ({
  user: { name: user.name, role: user.role, createdAt: iso(user.createdAt) },
  via: session.via,
  expiresAt: iso(sessions.endsAt(session)),
  signIn,
})
