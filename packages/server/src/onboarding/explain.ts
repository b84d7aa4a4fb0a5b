import {
  type ClaimResult,
  type ConnectFields,
  isMistakeCode,
  loginText,
  MISTAKES,
  parseClaim,
  type ReasonCode,
  reason,
  registrationText,
} from '@hatchway/protocol'
import type { TimeMs, Transport } from '../registry/types.ts'
import type { ExplainInput, ExplainStep, Explanation, Onboarding } from './admission.ts'
import type { Attempt, Desk, Refusal, Trace, Verdict } from './attempt.ts'
import { judge } from './judge.ts'
import { refusalOf, refusedClaim } from './refusal.ts'
import { sentences } from './sentences.ts'

/** Used where the question names no Keep Alive; allowed by every product. */
const usualKeepAliveSeconds = 60

/** `explain` of `Onboarding`: the steps of `admit`, at a desk that only looks. */
export const createExplain =
  (desk: Desk, clock: () => TimeMs): Onboarding['explain'] =>
  async (input, transport) => {
    const steps: ExplainStep[] = []
    const trace: Trace = {
      passed: (step, { en, zh }) => steps.push({ step, ok: true, text: en, textZh: zh }),
    }
    const read = parseClaim(input)
    const verdict = await tried(read, attemptOf(input, transport, clock(), trace), desk)
    if (verdict.kind === 'refused') steps.push(failedStep(verdict))
    return explanationOf(input, read, verdict, steps)
  }

const attemptOf = (input: ExplainInput, transport: Transport, now: TimeMs, trace: Trace): Attempt => ({
  now,
  origin: { address: '', transport, tlsVersion: null, tlsCipher: null, protocolLevel: 4 },
  clientId: input.clientId,
  keepAliveSeconds: input.keepAliveSeconds ?? usualKeepAliveSeconds,
  mayBeNamed: input.mayBeNamed ?? true,
  trace,
})

const tried = async (read: ClaimResult, attempt: Attempt, desk: Desk): Promise<Verdict> => {
  if (!read.ok) return refusedClaim(read)
  attempt.trace?.passed('parse', sentences.parsed(read.claim.mode))
  try {
    return await judge(read.claim, attempt, desk)
  } catch (error) {
    return refusalOf(error)
  }
}

const failedStep = ({ step, reason: code, detail }: Refusal): ExplainStep => {
  const { en, zh } = reason(code)
  const problem = detail?.problem ?? detail?.field
  return problem === undefined
    ? { step, ok: false, text: en, textZh: zh }
    : { step, ok: false, text: `${en} (${problem})`, textZh: `${zh}（${problem}）` }
}

const decisions = { registered: 'would-register', admitted: 'would-log-in', refused: 'would-refuse' } as const
const successes = { registered: 'registered', admitted: 'logged-in' } as const satisfies Record<string, ReasonCode>

const explanationOf = (
  input: ExplainInput,
  read: ClaimResult,
  verdict: Verdict,
  steps: readonly ExplainStep[],
): Explanation => {
  const code = verdict.kind === 'refused' ? verdict.reason : successes[verdict.kind]
  const { en, zh, fixEn, fixZh, connack, mqtt5, retryable } = reason(code)
  const known = read.ok ? read.claim : read
  return {
    decision: decisions[verdict.kind],
    reason: code,
    mode: known.mode ?? null,
    productKey: ('productKey' in known ? known.productKey : null) ?? null,
    deviceName: ('deviceName' in known ? known.deviceName : null) ?? null,
    // Reasons without a CONNACK code belong to connections that are up; none of them can end a CONNECT.
    connackCode: connack ?? 3,
    mqtt5ReasonCode: mqtt5,
    retryable,
    sentence: { en, zh },
    fix: { en: fixEn, zh: fixZh },
    ...whatIsSigned(input, read),
    mistakes: verdict.kind === 'refused' ? mistakesOf(verdict) : [],
    steps,
  }
}

/** The text to sign does not need a password, so an operator may ask for it without one. */
const whatIsSigned = (input: ConnectFields, read: ClaimResult): Pick<Explanation, 'signedText' | 'signMethod'> => {
  const readable = !read.ok && read.reason === 'password-missing' ? parseClaim({ ...input, password: '?' }) : read
  if (readable.ok) {
    const { claim } = readable
    if (claim.mode === 'secret') return { signedText: loginText(claim), signMethod: claim.signMethod }
    if (claim.mode === 'register' || claim.mode === 'regnwl') {
      return { signedText: registrationText(claim), signMethod: claim.signMethod }
    }
  }
  return { signedText: null, signMethod: null }
}

const mistakesOf = ({ detail }: Refusal): Explanation['mistakes'] =>
  (detail?.mistakes ?? []).filter(isMistakeCode).map(code => ({ code, ...MISTAKES[code] }))
