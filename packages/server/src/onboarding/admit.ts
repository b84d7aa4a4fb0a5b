import { type ClaimResult, MAX_SUB_DEVICES, type Push, parseClaim, type RandomBytes } from '@hatchway/protocol'
import type { Connect } from '../mqtt/index.ts'
import type { Registry } from '../registry/registry.ts'
import type { NewJournalEntry, TimeMs } from '../registry/types.ts'
import type {
  Admission,
  HttpRegistrationAnswer,
  Onboarding,
  OnboardingSettings,
  RegisteredDevice,
} from './admission.ts'
import { type Attempt, mayBeNamed, refuse, type Verdict } from './attempt.ts'
import { askedByBroker, brokerAdmissionOf, refusedAtBroker, withoutClientId } from './broker-login.ts'
import { createConnectRate } from './connect-rate.ts'
import { actingDesk, lookingDesk } from './desk.ts'
import { createDiagnosisBudget } from './diagnosis.ts'
import { createExplain } from './explain.ts'
import { parseHttpRegistration } from './http-registration.ts'
import { type Origin, originOf, refusedEntry, rememberedEntry, type Subject } from './journal-entry.ts'
import { judge } from './judge.ts'
import { refusalOf, refusedClaim } from './refusal.ts'
import { issueDeviceSecret } from './register.ts'
import { requireHttps } from './registration.ts'
import { gatewayAnswerOf, registerSubDevice } from './sub-devices.ts'

export interface OnboardingParts {
  registry: Registry
  /** Milliseconds since 1970. */
  clock: () => TimeMs
  /** Cryptographically strong. */
  random: RandomBytes
  settings: OnboardingSettings
  /** Told of what should never happen, a crash in a check; the device is refused with `internal-error`. A process warning if
   * nobody listens. */
  onError?: (error: unknown) => void
}

/** The heart of the server. It holds no timer and no handle, so there is nothing to close. */
export function createOnboarding(parts: OnboardingParts): Onboarding {
  const { registry, clock, settings, onError = warn } = parts
  const rate = createConnectRate(settings.connectsPerMinute)
  const gatewayRate = createConnectRate(settings.connectsPerMinute * MAX_SUB_DEVICES)
  const desk = actingDesk(parts, rate, createDiagnosisBudget())
  let draining = false
  const settle = settler({ registry, onError, isDraining: () => draining })

  return {
    async admit(connect, peer) {
      const attempt = attemptOf(connect, originOf(peer, connect.protocolLevel), clock())
      const read = parseClaim(connect)
      return admissionOf(
        await settle(attempt, subjectOf(read), async () =>
          read.ok ? judge(read.claim, attempt, desk) : refusedClaim(read),
        ),
      )
    },
    async admitAtBroker(login) {
      const { clientId = '', userName, password, broker } = login
      const peer = { ...login, tlsVersion: null, tlsCipher: null }
      const attempt = { ...askedByBroker, clientId, origin: { ...originOf(peer, null), broker }, now: clock() }
      const read = parseClaim({ clientId, userName, password })
      const verdict = await settle(attempt, subjectOf(read), async () => {
        if (login.clientId === undefined) return withoutClientId
        if (!read.ok) return refusedClaim(read)
        return refusedAtBroker(read.claim, settings.brokerClientIds) ?? judge(read.claim, attempt, desk)
      })
      return brokerAdmissionOf(verdict)
    },
    async registerByHttp(request, peer) {
      const attempt: Attempt = { ...nothingAsked, origin: originOf(peer, null), now: clock() }
      const read = parseHttpRegistration(request)
      return httpAnswerOf(
        await settle(attempt, nameOf(request), async () =>
          'kind' in read ? read : (requireHttps(attempt) ?? issueDeviceSecret(read, attempt, desk)),
        ),
      )
    },
    async registerByGateway(request, gateway) {
      const { productKey, deviceName, address, transport } = gateway
      const origin = originOf({ address, transport, tlsVersion: null, tlsCipher: null }, null)
      const attempt = { ...nothingAsked, origin: { ...origin, gateway: `${productKey}/${deviceName}` }, now: clock() }
      const asking = { gateway, rate: gatewayRate }
      if (!request.ok) {
        const refusal = refuse('parse', 'sub-devices-malformed', { problem: request.problem })
        return gatewayAnswerOf([await settle(attempt, nameOf(gateway), async () => refusal)])
      }
      const verdicts = request.subDevices.map(subDevice =>
        settle(attempt, nameOf(subDevice), () => registerSubDevice(subDevice, asking, attempt, desk)),
      )
      return gatewayAnswerOf(await Promise.all(verdicts))
    },
    explain: createExplain(lookingDesk(parts, rate), clock),
    drain() {
      draining = true
    },
  }
}

type Settle = (attempt: Attempt, subject: Subject, steps: () => Promise<Verdict>) => Promise<Verdict>

interface SettlerParts {
  registry: Pick<Registry, 'journal' | 'outage'>
  onError: (error: unknown) => void
  isDraining: () => boolean
}

/** A crash in a check means no. Each refusal is journaled here; a registration already is, in the store's transaction. */
const settler = ({ registry, onError, isDraining }: SettlerParts): Settle => {
  const record = (entry: NewJournalEntry): void => {
    try {
      registry.journal.record(entry)
    } catch (error) {
      onError(error)
    }
  }
  return async (attempt, subject, steps) => {
    let verdict: Verdict
    try {
      verdict = isDraining() ? refuse('transport', 'draining') : await steps()
    } catch (error) {
      verdict = refusalOf(error)
      if (verdict.reason === 'internal-error') onError(error)
    }
    if (verdict.kind === 'refused') {
      const { reason, detail } = verdict
      record(refusedEntry(attempt.origin, subject, { time: attempt.now, reason, detail }))
    } else if (verdict.kind === 'admitted' && registry.outage !== null) {
      record(rememberedEntry(attempt.origin, subject, attempt.now))
    }
    return verdict
  }
}

const warn = (error: unknown): void => process.emitWarning(error instanceof Error ? error : String(error))

const nothingAsked = { clientId: undefined, keepAliveSeconds: 0, mayBeNamed: false, trace: undefined } as const

const attemptOf = (connect: Connect, origin: Origin, now: TimeMs): Attempt => ({
  now,
  origin,
  clientId: connect.clientId,
  keepAliveSeconds: connect.keepAliveSeconds,
  mayBeNamed: mayBeNamed(connect),
  trace: undefined,
})

/** Longest name of a refused claim that is journaled; a good one is shorter. */
const maxNameLength = 64

const clipped = (name: string | undefined): string | null => name?.slice(0, maxNameLength) ?? null

const nameOf = ({ productKey, deviceName }: { productKey?: string; deviceName?: string }): Subject => ({
  mode: 'register',
  productKey: clipped(productKey),
  deviceName: clipped(deviceName),
})

const subjectOf = (read: ClaimResult): Subject => {
  const named: Partial<{ productKey: string; deviceName: string }> & { mode?: Subject['mode'] } = read.ok
    ? read.claim
    : read
  return {
    mode: named.mode ?? null,
    productKey: clipped(named.productKey),
    deviceName: clipped(named.deviceName),
  }
}

const registeredDevice = ({ mode, productKey, deviceName }: Push): RegisteredDevice => ({
  mode,
  productKey,
  deviceName,
})

const admissionOf = (verdict: Verdict): Admission => {
  switch (verdict.kind) {
    case 'refused':
      return { kind: 'refused', reason: verdict.reason }
    case 'registered':
      return { kind: 'registered', push: verdict.message, device: registeredDevice(verdict.push) }
    case 'admitted':
      return verdict
    default:
      return verdict satisfies never
  }
}

const httpAnswerOf = (verdict: Verdict): HttpRegistrationAnswer => {
  if (verdict.kind === 'refused') return { ok: false, reason: verdict.reason }
  if (verdict.kind !== 'registered' || verdict.push.mode !== 'register') return { ok: false, reason: 'internal-error' }
  const { productKey, deviceName, deviceSecret } = verdict.push
  return { ok: true, productKey, deviceName, deviceSecret }
}
