import { Type } from 'typebox'
import type { Connect } from '../mqtt/index.ts'
import type { ExplainInput, Explanation } from '../onboarding/admission.ts'
import { explainInputOf, readConnectDump } from '../onboarding/connect-dump.ts'
import { UnreadableDump } from '../onboarding/hex-dump.ts'
import { callerOf, covers } from './caller.ts'
import { MistakeReply, Sentence } from './journal-entry.ts'
import type { Api, HttpParts } from './parts.ts'
import { Problem, productNotFound } from './problem.ts'
import { boundedText, count, flag, keyedProblems, nullable, oneOf, ref, text, wholeNumber } from './schemas.ts'

const MAX_FIELD_LENGTH = 2048
const MQTT_VERSIONS = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const
const TRANSPORTS = ['tls', 'tcp', 'ws', 'wss'] as const

const MAX_DUMP_LENGTH = 262_144

const Question = Type.Object(
  {
    clientId: Type.Optional(
      Type.String({ description: 'As the device sends it, the |…| block included', maxLength: MAX_FIELD_LENGTH }),
    ),
    userName: Type.Optional(Type.String({ description: 'As the device sends it', maxLength: MAX_FIELD_LENGTH })),
    password: Type.Optional(Type.String({ description: 'As the device sends it', maxLength: MAX_FIELD_LENGTH })),
    connectHex: Type.Optional(
      boundedText(
        'Instead of the fields: a CONNECT as a hex dump, plain or as xxd, hexdump -C, tcpdump -X and Wireshark write it',
        MAX_DUMP_LENGTH,
      ),
    ),
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

const ConnectReply = Type.Object(
  {
    mqttVersion: oneOf(Object.values(MQTT_VERSIONS), 'Of the CONNECT'),
    clientId: text('As sent, the |…| block included'),
    userName: nullable.text('As sent'),
    hasPassword: flag('Whether there is a password, which is not shown'),
    keepAliveSeconds: count('Keep Alive'),
    cleanStart: flag('Clean Start, Clean Session before MQTT 5'),
    willTopic: nullable.text('Topic of the will'),
  },
  { description: 'What stands in a CONNECT' },
)

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
    connect: Type.Unsafe<Type.Static<typeof ConnectReply> | null>({
      anyOf: [ConnectReply, { type: 'null' }],
      description: 'What was read from connectHex; else null',
    }),
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
        body: Question,
        response: { 200: ref(ExplanationReply), ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async request => {
      const { transport = 'tls' } = request.body
      const { input, connect } = questionOf(request.body)
      const explanation = await onboarding.explain(input, transport)
      const { productKey } = explanation
      if (productKey !== null && !covers(callerOf(request), productKey)) {
        throw productNotFound('userName')
      }
      return { ...explanationReply(explanation), connect }
    },
  )
}

interface Question {
  input: ExplainInput
  connect: Type.Static<typeof ConnectReply> | null
}

function questionOf({ connectHex, transport: _, ...fields }: Type.Static<typeof Question>): Question {
  const { clientId } = fields
  if (connectHex === undefined) {
    if (clientId === undefined) throw neither()
    return { input: { ...fields, clientId }, connect: null }
  }
  const [beside] = Object.keys(fields)
  if (beside !== undefined) throw besideDump(beside)
  const connect = readDump(connectHex)
  return { input: explainInputOf(connect), connect: connectReply(connect) }
}

function readDump(dump: string): Connect {
  try {
    return readConnectDump(dump)
  } catch (error) {
    if (!(error instanceof UnreadableDump)) throw error
    const fix = `${error.fix.charAt(0).toUpperCase()}${error.fix.slice(1)}.`
    throw new Problem('field-invalid', { field: 'connectHex', detail: `${error.message}.`, fix })
  }
}

const neither = (): Problem =>
  new Problem('field-invalid', {
    field: 'clientId',
    detail: 'clientId is missing, and so is connectHex.',
    fix: 'Give clientId, userName and password as the device sends them, or its CONNECT as a hex dump in connectHex.',
  })

const besideDump = (field: string): Problem =>
  new Problem('field-invalid', {
    field,
    detail: `${field} stands beside connectHex, which holds it already.`,
    fix: 'Give connectHex alone, with transport if you like, or leave it out.',
  })

const connectReply = (connect: Connect): Type.Static<typeof ConnectReply> => ({
  mqttVersion: MQTT_VERSIONS[connect.protocolLevel],
  clientId: connect.clientId,
  userName: connect.userName ?? null,
  hasPassword: connect.password !== undefined,
  keepAliveSeconds: connect.keepAliveSeconds,
  cleanStart: connect.cleanStart,
  willTopic: connect.will?.topic ?? null,
})

function explanationReply({ steps, mistakes, ...rest }: Explanation) {
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
