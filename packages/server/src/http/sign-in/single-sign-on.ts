import type { ReasonCode } from '@hatchway/protocol'
import * as oidc from 'openid-client'
import type { ForeignIdentity } from '../../registry/accounts/index.ts'
import type { Sealer } from '../../registry/seal.ts'
import type { UserRole } from '../../registry/types.ts'

export interface RoleMapping {
  role: UserRole
  /** What the claim has to be, or to hold; `*` = anything. */
  value: string
}

export interface SingleSignOnSettings {
  /** What the button says. */
  name: string
  issuer: string
  clientId: string
  /** Without it the client is a public one. */
  clientSecret: string | null
  scope: string
  /** The claim that becomes the user name. */
  nameClaim: string
  roleClaim: string
  /** The first one that fits counts. */
  roles: readonly RoleMapping[]
}

/** The browser goes there, and brings the sealed part back in a cookie. */
export interface SignOnStart {
  url: string
  sealed: string
}

/** Signing in by OpenID Connect: code flow with PKCE, state and nonce. Nothing is kept between its two steps. */
export interface SingleSignOn {
  readonly name: string
  /**
   * Rejects with SignOnRefused if the provider can't be asked.
   *
   * @param request.isAgain whether the provider has to ask who it is, though it may know somebody in this browser
   */
  begin(request: { redirectUri: string; isAgain: boolean; now: number }): Promise<SignOnStart>
  /** Who the provider says it is; rejects with SignOnRefused, whatever was wrong. */
  finish(answer: { url: URL; sealed: string; now: number }): Promise<ForeignIdentity>
}

/** The reason is for the person at the browser, the message for the log. */
export class SignOnRefused extends Error {
  override readonly name = 'SignOnRefused'
  readonly reason: SignOnReason

  constructor(reason: SignOnReason, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.reason = reason
  }
}

type SignOnReason = Extract<ReasonCode, `sign-on-${string}`>

interface Pending {
  state: string
  nonce: string
  verifier: string
  dueAt: number
}

export const SIGN_ON_TIMEOUT_MS = 600_000
const PROVIDER_TIMEOUT_SECONDS = 10
const SEAL_PLACE = 'single sign-on'
const MAX_NAME_CHARACTERS = 64

export function createSingleSignOn(settings: SingleSignOnSettings, sealer: Sealer): SingleSignOn {
  const provider = providerOf(settings)
  return {
    name: settings.name,
    async begin({ redirectUri, isAgain, now }) {
      const pending: Pending = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
        dueAt: now + SIGN_ON_TIMEOUT_MS,
      }
      const url = oidc.buildAuthorizationUrl(await provider(), {
        redirect_uri: redirectUri,
        scope: settings.scope,
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        ...(isAgain ? { prompt: 'login' } : {}),
      })
      const sealed = Buffer.from(sealer.seal(JSON.stringify(pending), SEAL_PLACE)).toString('base64url')
      return { url: url.href, sealed }
    },
    async finish({ url, sealed, now }) {
      const pending = opened(sealer, sealed)
      if (pending === undefined || now >= pending.dueAt) {
        throw new SignOnRefused('sign-on-lapsed', 'The cookie of the sign-in is missing, not ours, or too old')
      }
      const claims = await claimsOf(await provider(), url, pending)
      return identityOf(claims, settings)
    },
  }
}

/** Asked for when it is first needed, and again after a failure: a start must not wait for the provider. */
function providerOf({ issuer, clientId, clientSecret }: SingleSignOnSettings): () => Promise<oidc.Configuration> {
  let known: Promise<oidc.Configuration> | undefined
  const authentication = clientSecret === null ? oidc.None() : oidc.ClientSecretBasic(clientSecret)
  const url = new URL(issuer)
  // The settings take plain HTTP for this machine only.
  const execute = url.protocol === 'http:' ? [oidc.allowInsecureRequests] : []
  return () => {
    known ??= oidc
      .discovery(url, clientId, undefined, authentication, { timeout: PROVIDER_TIMEOUT_SECONDS, execute })
      .catch((cause: unknown) => {
        known = undefined
        throw new SignOnRefused('sign-on-unreachable', 'The provider does not tell its configuration', { cause })
      })
    return known
  }
}

function opened(sealer: Sealer, sealed: string): Pending | undefined {
  try {
    return JSON.parse(sealer.open(Buffer.from(sealed, 'base64url'), SEAL_PLACE)) as Pending
  } catch {
    return undefined // not ours, or of another master key
  }
}

type Claims = Readonly<Record<string, unknown>> & { iss: string; sub: string }

async function claimsOf(provider: oidc.Configuration, url: URL, pending: Pending): Promise<Claims> {
  try {
    const tokens = await oidc.authorizationCodeGrant(provider, url, {
      pkceCodeVerifier: pending.verifier,
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      idTokenExpected: true,
    })
    const claims = tokens.claims()
    if (claims === undefined) throw new Error('the provider sent no ID token')
    const hasMore = provider.serverMetadata().userinfo_endpoint !== undefined
    const more = hasMore ? await oidc.fetchUserInfo(provider, tokens.access_token, claims.sub) : {}
    return { ...more, ...claims }
  } catch (cause) {
    const reason = isNoAnswer(cause) ? 'sign-on-unreachable' : 'sign-on-not-confirmed'
    throw new SignOnRefused(reason, 'The provider did not confirm the sign-in', { cause })
  }
}

/** What fetch throws where there is no connection, and openid-client where there is no answer in time. */
const isNoAnswer = (error: unknown): boolean =>
  error instanceof TypeError
    ? error.cause !== undefined
    : error instanceof Error && 'code' in error && error.code === 'OAUTH_TIMEOUT'

function identityOf(claims: Claims, { nameClaim, roleClaim, roles }: SingleSignOnSettings): ForeignIdentity {
  const name = claims[nameClaim]
  if (typeof name !== 'string' || name === '') {
    throw new SignOnRefused('sign-on-no-name', `The claim ${nameClaim} is missing or no text`)
  }
  const values = [claims[roleClaim]].flat()
  const mapping = roles.find(({ value }) => value === '*' || values.includes(value))
  if (mapping === undefined) {
    throw new SignOnRefused(
      'sign-on-no-role',
      `${name.slice(0, MAX_NAME_CHARACTERS)} has no role here: nothing in the claim ${roleClaim} gives one`,
    )
  }
  return { issuer: claims.iss, subject: claims.sub, name, role: mapping.role }
}
