import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { reason } from '@hatchway/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { HttpRegistration } from '../onboarding/admission.ts'
import { httpRegistrationCode } from '../onboarding/http-registration.ts'
import type { Api, HttpParts } from './parts.ts'
import { problems, ref, text } from './schemas.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

/** Five short fields; the longest signature has 64 hex digits. */
const MAX_FORM_BYTES = 8192
const FIELDS = [
  'productKey',
  'deviceName',
  'random',
  'sign',
  'signMethod',
] as const satisfies (keyof HttpRegistration)[]

const Form = Type.Object({
  productKey: Type.Optional(text('ProductKey')),
  deviceName: Type.Optional(text('DeviceName')),
  random: Type.Optional(text('Any text of 1 to 64 characters')),
  sign: Type.Optional(
    text('hex(HMAC(ProductSecret, "deviceName" + DeviceName + "productKey" + ProductKey + "random" + random))'),
  ),
  signMethod: Type.Optional(text('hmacmd5, hmacsha1 or hmacsha256')),
})

export const RegistrationReply = Type.Object(
  {
    code: Type.Integer({
      description:
        '200; 460 bad parameter, 6250 product not found, 6288 switch off, 6289 already activated, ' +
        '6292 signMethod not supported, 6600 wrong signature, 500 try again later',
    }),
    data: Type.Optional(
      Type.Object({
        productKey: text('ProductKey'),
        deviceName: text('DeviceName'),
        deviceSecret: text('DeviceSecret'),
      }),
    ),
    message: text('success, or what is wrong'),
  },
  { $id: 'Registration', description: 'Answer to a device; the HTTP status is 200 whatever the code' },
)

/** Where devices register over HTTPS. The device gets a body code and nothing more; the journal has the reason. */
export function registrationRoutes(root: Api, { onboarding }: HttpParts): void {
  root.register(async scope => {
    const api = scope.withTypeProvider<TypeBoxTypeProvider>()
    api.removeAllContentTypeParsers()
    api.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      async (_request: FastifyRequest, body: string) => readForm(body),
    )
    api.post(
      '/auth/register/device',
      {
        bodyLimit: MAX_FORM_BYTES,
        schema: {
          operationId: 'registerDevice',
          summary: 'Dynamic registration of a device, by the rules of authType=register',
          tags: ['devices'],
          security: [],
          consumes: ['application/x-www-form-urlencoded'],
          body: Form,
          response: { 200: ref(RegistrationReply), ...problems(413, 415, 500) },
        },
      },
      async (request, reply) => {
        const answer = await onboarding.registerByHttp(request.body ?? {}, peerOf(request))
        if (!answer.ok) {
          return tell(reply, { code: httpRegistrationCode(answer.reason), message: reason(answer.reason).en })
        }
        const { productKey, deviceName, deviceSecret } = answer
        return tell(reply, { code: 200, data: { productKey, deviceName, deviceSecret }, message: 'success' })
      },
    )
  })
}

/**
 * As C SDKs read it: they look for `Content-Length` spelled like that (Fastify has header names in lower case), and
 * C SDK 3.x finds `data` only in front of `message` (a serializer made from the schema puts what is optional last).
 */
function tell(reply: FastifyReply, body: Static<typeof RegistrationReply>): FastifyReply {
  const text = JSON.stringify(body)
  reply.hijack()
  const length = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text) }
  reply.raw.writeHead(200, { ...SECURITY_HEADERS, ...length }).end(text)
  return reply
}

const peerOf = (request: FastifyRequest) => ({
  address: request.ip,
  transport: request.protocol === 'https' ? ('https' as const) : ('http' as const),
  tlsVersion: null,
  tlsCipher: null,
})

/** A field that is given twice is left out: which one counts would be a guess. Unknown ones are the SDK's own affair. */
function readForm(body: string): HttpRegistration {
  const parameters = new URLSearchParams(body)
  const form: HttpRegistration = {}
  for (const field of FIELDS) {
    const [value, ...more] = parameters.getAll(field)
    if (value !== undefined && more.length === 0) form[field] = value
  }
  return form
}
