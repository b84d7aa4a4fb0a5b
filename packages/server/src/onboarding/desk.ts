import type { RandomBytes } from '@hatchway/protocol'
import type { Registry } from '../registry/registry.ts'
import type { OnboardingSettings } from './admission.ts'
import type { Desk } from './attempt.ts'
import type { ConnectRate } from './connect-rate.ts'
import type { createDiagnosisBudget } from './diagnosis.ts'
import { rules } from './rules.ts'

interface DeskParts {
  registry: Registry
  random: RandomBytes
  settings: Pick<OnboardingSettings, 'instanceId'>
}

const reading = ({ registry, random, settings }: DeskParts) => ({
  product: (productKey: string) => registry.product(productKey),
  device: (productKey: string, deviceName: string) => registry.device(productKey, deviceName),
  apiKey: (id: string) => registry.apiKey(id),
  random,
  instanceId: settings.instanceId,
})

/** For devices: counts, issues and activates. */
export const actingDesk = (
  parts: DeskParts,
  rate: ConnectRate,
  mayDiagnose: ReturnType<typeof createDiagnosisBudget>,
): Desk => ({
  ...reading(parts),
  register: request => parts.registry.register(request),
  activate: request => parts.registry.activate(request),
  takeConnect: (productKey, deviceName, now) => rate.take(productKey, deviceName, now),
  mayDiagnose,
})

/** For explanations: answers as the acting one would, and changes nothing. */
export const lookingDesk = (parts: DeskParts, rate: ConnectRate): Desk => ({
  ...reading(parts),
  async register(request) {
    const product = await parts.registry.product(request.productKey)
    const device = await parts.registry.device(request.productKey, request.deviceName)
    const decision = rules.decideRegistration(request, product, device)
    if (decision.kind === 'refuse') {
      const { reason, problem } = decision
      return { ok: false, reason, ...(problem === undefined ? {} : { problem }) }
    }
    const created = decision.kind === 'issue-token' && decision.createDevice
    return { ok: true, journal: { ...request.journal, id: 0 }, created }
  },
  activate: async () => ({ ok: true }),
  takeConnect: (productKey, deviceName, now) => rate.wouldTake(productKey, deviceName, now),
  mayDiagnose: () => true,
})
