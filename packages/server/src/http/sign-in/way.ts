import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { addressMatcher, plainAddress } from '../../gateway/peer-address.ts'
import type { HttpSettings } from '../parts.ts'
import { Problem } from '../problem.ts'

type WaySettings = Pick<HttpSettings, 'trustedProxies' | 'plainSignIn' | 'publicHosts'>

/** What a proxy adds that nobody has told us to trust. */
const FORWARDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-real-ip', 'forwarded', 'via'] as const
const LOOPBACK = ['127.0.0.0/8', '::1']

/**
 * Refuses passwords and session cookies where others could read them on the way, and where a page of another site could
 * have brought them here by a name of its own (DNS rebinding).
 *
 * @throws Problem https-required or host-unknown
 */
export function wayChecker(settings: WaySettings): (request: FastifyRequest) => void {
  const isLoopback = addressMatcher(LOOPBACK)
  const isTrustedProxy = addressMatcher(settings.trustedProxies)
  const names = new Set(['localhost', ...settings.publicHosts.map(name => name.toLowerCase())])
  return request => {
    const peer = plainAddress(request.raw.socket.remoteAddress ?? '')
    if (isIP(peer) !== 0 && isTrustedProxy(peer)) {
      if (request.protocol !== 'https' && !settings.plainSignIn) throw httpsRequired(FIX_PROXY)
      return
    }
    // A name that leads here by a foreign DNS entry has no certificate of ours.
    if (request.protocol === 'https') return
    const isForwarded = FORWARDED.some(name => request.headers[name] !== undefined)
    const isOwnMachine = isIP(peer) !== 0 && isLoopback(peer) && !isForwarded
    if (!isOwnMachine && !settings.plainSignIn) throw httpsRequired(isForwarded ? FIX_UNKNOWN_PROXY : FIX_TLS)
    const host = hostName(request.headers.host ?? '')
    if (isIP(host) === 0 && !names.has(host)) throw hostUnknown()
  }
}

/** Without port and brackets. */
const hostName = (host: string): string => {
  const { hostname = '' } = URL.parse(`http://${host}`) ?? {}
  return hostname.replace(/^\[|\]$/g, '').toLowerCase()
}

const FIX_TLS =
  'Set HATCHWAY_HTTP_TLS=true and open https://…; or, where nobody can listen on the way, HATCHWAY_HTTP_PLAIN_SIGN_IN=true.'
const FIX_PROXY = 'Let the proxy take HTTPS and send X-Forwarded-Proto: https.'
const FIX_UNKNOWN_PROXY =
  'Name the proxy’s address in HATCHWAY_HTTP_TRUSTED_PROXIES, and let it send X-Forwarded-Proto.'

const httpsRequired = (fix: string): Problem => new Problem('https-required', { fix })

const hostUnknown = (): Problem => new Problem('host-unknown', { field: 'Host' })
