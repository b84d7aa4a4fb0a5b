import type { FastifyRequest } from 'fastify'
import { addressMatcher } from '../../gateway/peer-address.ts'
import { authenticate } from '../authentication.ts'
import type { HttpParts } from '../parts.ts'
import { Problem } from '../problem.ts'

/** Headers that a broker on one of the addresses never sends: a proxy does, or a page in somebody’s browser. */
const FOREIGN_HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'origin'] as const

/**
 * An onRequest hook: a broker shows an API key, or stands on one of the addresses in the settings. A key that is not good is
 * refused from there too. Nothing of the body is read before.
 */
export function letBrokersIn(parts: HttpParts): (request: FastifyRequest) => Promise<void> {
  const checkKey = authenticate(parts)
  const isListed = addressMatcher(parts.settings.brokerAuthAddresses)
  return async request => {
    if (request.headers.authorization !== undefined) return checkKey(request)
    const isForeign = FOREIGN_HEADERS.some(name => request.headers[name] !== undefined)
    if (!isForeign && isListed(request.ip)) return
    throw new Problem('unauthorized', {
      field: 'Authorization',
      detail: `The broker shows no API key, and ${isForeign ? 'its request came through a proxy or a browser' : 'its address is not one of broker-auth-addresses'}.`,
      fix: 'Let it send Authorization: Bearer <secret of an operator’s key>, or add its address to broker-auth-addresses.',
      headers: { 'www-authenticate': 'Bearer realm="hatchway"' },
    })
  }
}
