import { Type } from 'typebox'
import { KEPT_ACTIVITY_MINUTES } from '../registry/store.ts'
import type { Api, HttpParts } from './parts.ts'
import { count, figures, iso, keyedProblems, time, wholeNumber } from './schemas.ts'

const STEP_SECONDS = 60
const DEFAULT_MINUTES = 1440

const perStep = (description: string) => Type.Array(Type.Integer({ minimum: 0 }), { description })

const History = Type.Object(
  {
    stepSeconds: count('Length of a step'),
    start: time('When the first step began'),
    registrations: perStep('Registrations in each step; the last one is not over yet'),
    logins: perStep('Logins of devices in each step'),
    refusals: perStep('CONNECTs and registrations that were refused in each step'),
    refusalsByReason: figures('Refusals of the whole time by reason code'),
  },
  { description: 'Of all gateways of the registry' },
)

const Span = Type.Object(
  {
    minutes: Type.Optional(wholeNumber('How many minutes back; without it a day', 1, KEPT_ACTIVITY_MINUTES)),
  },
  { additionalProperties: false },
)

export function statsHistoryRoutes(api: Api, { activity, clock }: HttpParts): void {
  api.get(
    '/stats/history',
    {
      config: { access: 'read', allProducts: true },
      schema: {
        operationId: 'statsHistory',
        summary: 'Registrations, logins and refusals by the minute, and refusals by reason',
        tags: ['operation'],
        querystring: Span,
        response: { 200: History, ...keyedProblems() },
      },
    },
    async request => {
      const { minutes = DEFAULT_MINUTES } = request.query
      const first = Math.floor(clock() / 1000 / STEP_SECONDS) - minutes + 1
      const happened = await activity.history(minutes)
      const counts = () => new Array<number>(minutes).fill(0)
      const history = { registrations: counts(), logins: counts(), refusals: counts() }
      const refusalsByReason: Record<string, number> = {}
      for (const { minute, registrations, logins, refusals } of happened) {
        const step = minute - first
        // Another gateway's clock may be ahead.
        if (step < 0 || step >= minutes) continue
        history.registrations[step] = registrations
        history.logins[step] = logins
        history.refusals[step] = Object.values(refusals).reduce((sum, refused) => sum + refused, 0)
        for (const [reason, refused] of Object.entries(refusals)) {
          refusalsByReason[reason] = (refusalsByReason[reason] ?? 0) + refused
        }
      }
      return { stepSeconds: STEP_SECONDS, start: iso(first * STEP_SECONDS * 1000), ...history, refusalsByReason }
    },
  )
}
