import { Type } from 'typebox'
import type { User } from '../../registry/types.ts'
import { actorOf, callerOf } from '../caller.ts'
import type { Api, HttpParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { flag, iso, isoOrNull, keyedProblems, nothing, nullable, oneOf, ref, text, time } from '../schemas.ts'
import { delayed, visitorOf } from './entering.ts'
import { passwordField, USER_ROLE_TEXT, USER_ROLES, userNameField } from './session-schemas.ts'

const role = oneOf(USER_ROLES, USER_ROLE_TEXT)
const password = passwordField('12 to 256 characters; left out for single sign-on only')

const NewUser = Type.Object(
  { name: userNameField, role, password: Type.Optional(password) },
  { additionalProperties: false },
)
const UserChange = Type.Object(
  {
    role: Type.Optional(role),
    password: Type.Optional(passwordField('12 to 256 characters; ends the user’s sessions')),
    disabled: Type.Optional(flag('Whether the user may not sign in')),
  },
  { additionalProperties: false },
)
const PasswordChange = Type.Object(
  { current: passwordField('The password now'), next: passwordField('12 to 256 characters') },
  { additionalProperties: false },
)

export const UserReply = Type.Object(
  {
    name: text('User name'),
    role,
    disabled: flag('Whether the user may not sign in'),
    hasPassword: flag('Whether the user has a password'),
    createdAt: time('When the user was created'),
    lastSignInAt: nullable.time('When the user last signed in'),
  },
  { $id: 'User', description: 'A person who signs in' },
)
type UserReply = Type.Static<typeof UserReply>
const UserList = Type.Object({ items: Type.Array(ref(UserReply)) }, { description: 'All users, by name' })
const SetupLink = Type.Object(
  { url: text('Open it in a browser'), expiresAt: time('When it ends, used or not') },
  { description: 'A link that sets the first password' },
)

const config = { access: 'administer', allProducts: true } as const
const tags = ['accounts']
const params = Type.Object({ name: userNameField })

export function userRoutes(api: Api, parts: HttpParts): void {
  collectionRoutes(api, parts)
  singleRoutes(api, parts)
  ownPasswordRoute(api, parts)
  setupLinkRoute(api, parts)
}

function collectionRoutes(api: Api, { accounts, registry }: HttpParts): void {
  api.get(
    '/users',
    {
      config,
      schema: {
        tags,
        operationId: 'listUsers',
        summary: 'People who sign in, disabled ones included',
        response: { 200: UserList, ...keyedProblems() },
      },
    },
    async () => ({ items: (await registry.store.listUsers()).map(userReply) }),
  )
  api.post(
    '/users',
    {
      config,
      schema: {
        tags,
        operationId: 'createUser',
        summary: 'Create a user',
        body: NewUser,
        response: { 201: ref(UserReply), ...keyedProblems(409, 413, 415, 422, 429) },
      },
    },
    async (request, reply) => {
      const user = await accounts.users.by(actorOf(request)).create(request.body)
      reply.code(201).header('location', `/api/v1/users/${encodeURIComponent(user.name)}`)
      return userReply(user)
    },
  )
}

function singleRoutes(api: Api, { accounts }: HttpParts): void {
  api.patch(
    '/users/:name',
    {
      config,
      schema: {
        tags,
        operationId: 'updateUser',
        summary: 'Change a user; what is left out stays. A new role, a new password and disabling end the sessions',
        params,
        body: UserChange,
        response: { 200: ref(UserReply), ...keyedProblems(404, 409, 413, 415, 422) },
      },
    },
    async request => userReply(await accounts.users.by(actorOf(request)).update(request.params.name, request.body)),
  )
  api.delete(
    '/users/:name',
    {
      config,
      schema: {
        tags,
        operationId: 'deleteUser',
        summary: 'Delete a user; the sessions end',
        params,
        response: { 204: nothing('Deleted'), ...keyedProblems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      await accounts.users.by(actorOf(request)).delete(request.params.name)
      reply.code(204)
      return null
    },
  )
}

function ownPasswordRoute(api: Api, { accounts }: HttpParts): void {
  api.post(
    '/users/me/password',
    {
      config: { access: 'read', allProducts: true },
      schema: {
        tags,
        operationId: 'changePassword',
        summary: 'Change one’s own password; ends the user’s other sessions',
        body: PasswordChange,
        response: { 204: nothing('Changed'), ...keyedProblems(413, 415, 422, 429) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      if (caller.kind === 'key') throw new Problem('forbidden', KEY_HAS_NO_PASSWORD)
      const { user, session } = caller.signedIn
      const change = { ...request.body, user, sessionId: session.id }
      const outcome = await accounts.changePassword(change, visitorOf(request))
      if (outcome === false) throw new Problem('field-invalid', CURRENT_WRONG)
      if (outcome !== true) throw delayed(outcome.waitMs)
      reply.code(204)
      return null
    },
  )
}

const KEY_HAS_NO_PASSWORD = {
  detail: 'An API key has no password of its own.',
  fix: 'Sign in to change your password; an administrator sets those of others by PATCH /api/v1/users/{name}.',
}
const CURRENT_WRONG = { field: 'current', detail: 'current is not the password now.', fix: 'Type it again.' }

function setupLinkRoute(api: Api, { accounts }: HttpParts): void {
  api.post(
    '/users/setup-link',
    {
      config,
      schema: {
        tags,
        operationId: 'createSetupLink',
        summary: 'A link that sets the first password, as long as no user has one',
        response: { 201: SetupLink, ...keyedProblems(409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { token, expiresAt } = await accounts.setupToken(actorOf(request))
      reply.code(201)
      return { url: setupUrl(`${request.protocol}://${request.host}`, token), expiresAt: iso(expiresAt) }
    },
  )
}

/** The token stands behind the #, which browsers send nowhere. */
export const setupUrl = (base: string, token: string): string => `${base}/setup#token=${token}`

const userReply = (user: User): UserReply => ({
  name: user.name,
  role: user.role,
  disabled: user.disabledAt !== null,
  hasPassword: user.passwordHash !== null,
  createdAt: iso(user.createdAt),
  lastSignInAt: isoOrNull(user.lastSignInAt),
})
