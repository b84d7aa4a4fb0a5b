import type { FastifyReply, FastifyRequest } from 'fastify'

/** `__Host-` would be better and can't be had over the plain HTTP of a loopback address. */
const NAME = 'hatchway-session'
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict'

/** The token, or undefined; of two it is nobody's guess which one counts. */
export function sessionToken({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const values = (headers.cookie ?? '').split(';').flatMap(pair => {
    const [name, value] = pair.trim().split('=', 2)
    return name === NAME && value !== undefined && value !== '' ? [value] : []
  })
  return values.length === 1 ? values[0] : undefined
}

export function setSessionCookie(reply: FastifyReply, token: string, maxAgeSeconds: number): void {
  reply.header('set-cookie', `${NAME}=${token}; Max-Age=${maxAgeSeconds}; ${attributesFor(reply)}`)
}

export function clearSessionCookie(reply: FastifyReply): void {
  reply.header('set-cookie', `${NAME}=; Max-Age=0; ${attributesFor(reply)}`)
}

const attributesFor = ({ request }: FastifyReply): string =>
  request.protocol === 'https' ? `${ATTRIBUTES}; Secure` : ATTRIBUTES
