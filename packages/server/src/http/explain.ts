import { Type } from 'typebox'
import type { Explanation } from '../onboarding/admission.ts'
import { covers, keyOf } from './authentication.ts'
import { MistakeReply, Sentence } from './journal-entry.ts'
import type { Api, HttpParts } from './parts.ts'
import { productNotFound } from './problem.ts'
import { flag, keyedProblems, nullable, oneOf, ref, text, wholeNumber } from './schemas.ts'

const MAX_FIELD_LENGTH = 2048
const TRANSPORTS = ['tls', 'tcp', 'ws', 'wss'] as const

const Connect = Type.Object(
  {
    clientId: Type.String({
      description: 'As the device sends it, the |…| block included',
      maxLength: MAX_FIELD_LENGTH,
    }),
    userName: Type.Optional(Type.String({ description: 'As the device sends it', maxLength: MAX_FIELD_LENGTH })),
    password: Type.Optional(Type.String({ description: 'As the device sends it', maxLength: MAX_FIELD_LENGTH })),
    transport: Type.Optional(oneOf(TRANSPORTS, 'What the device connects over; without it tls')),
    keepAliveSeconds: Type.Optional(wholeNumber('Keep Alive of the CONNECT', 0, 65_535)),
  },
  { additionalProperties: false },
)

const Step = Type.Object({
  step: text('What was checked'),
  ok: flag('Whether it passed'),
  sentence: ref(Sentence),
})

export const ExplanationReply = Type.Object(
  {
    decision: oneOf(['would-register', 'would-log-in', 'would-refuse'], 'What the server would do'),
    reason: text('Reason code, out of one closed list'),
    sentence: ref(Sentence),
    fix: ref(Sentence),
    mode: nullable.text('register, regnwl, secret, token or application'),
    productKey: nullable.text('ProductKey in the user name'),
    deviceName: nullable.text('DeviceName in the user name'),
    connackCode: Type.Integer({ description: 'CONNACK code for MQTT 3.1 and 3.1.1' }),
    mqtt5ReasonCode: Type.Integer({ description: 'CONNACK reason code for MQTT 5' }),
    retryable: flag('Whether the device may succeed by trying again with nothing changed'),
    signedText: nullable.text('The text that the server would sign'),
    signMethod: nullable.text('hmacmd5, hmacsha1 or hmacsha256'),
    mistakes: Type.Array(ref(MistakeReply), { description: 'Most likely first' }),
    steps: Type.Array(Step, { description: 'In the order in which they were tried' }),
  },
  { $id: 'Explanation', description: 'What the server would answer to a CONNECT, and why' },
)

export function explainRoutes(api: Api, { onboarding }: HttpParts): void {
  api.post(
    '/explain',
    {
      // An answer tells whether a password is right: more than a viewer may ask.
      config: { access: 'operate' },
      schema: {
        operationId: 'explain',
        summary: 'What would this CONNECT be answered, and why? Changes nothing and journals nothing',
        tags: ['journal'],
        body: Connect,
        response: { 200: ExplanationReply, ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async request => {
      const { transport = 'tls', ...connect } = request.body
      const explanation = await onboarding.explain(connect, transport)
      const { productKey } = explanation
      if (productKey !== null && !covers(keyOf(request), productKey)) {
        throw productNotFound('userName')
      }
      return explanationReply(explanation)
    },
  )
}

function explanationReply({ steps, mistakes, ...rest }: Explanation): Type.Static<typeof ExplanationReply> {
  return {
    ...rest,
    mistakes: mistakes.map(({ code, en, zh, fixEn, fixZh }) => ({
      code,
      sentence: { en, zh },
      fix: { en: fixEn, zh: fixZh },
    })),
    steps: steps.map(({ step, ok, text: en, textZh: zh }) => ({ step, ok, sentence: { en, zh } })),
  }
}
