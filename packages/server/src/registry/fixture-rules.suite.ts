import type { RegistrationRules } from './store.ts'

/** Device names with which a test asks the rules for something odd. */
export const RULES_THROW = 'rules-throw'
export const RULES_END_THE_THREAD = 'rules-end-the-thread'
export const RULES_BLOCK_THE_THREAD = 'rules-block-the-thread'
export const RULES_ISSUE_ANYWAY = 'rules-issue-anyway'

const BLOCK_MS = 400

/** Rules for the store's conformance suite: as the real ones in what they issue, simpler in what they refuse. */
export const rules: RegistrationRules = {
  decideRegistration({ mode, deviceName, byGateway }, product, device) {
    if (deviceName === RULES_THROW) throw new Error('the rules failed')
    if (deviceName === RULES_END_THE_THREAD) process.exit(1) // ends the worker thread only
    if (deviceName === RULES_BLOCK_THE_THREAD) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCK_MS)
    if (deviceName === RULES_ISSUE_ANYWAY) return { kind: 'issue-secret', clearClientIds: false }
    if (!product) return { kind: 'refuse', reason: 'product-unknown' }
    if (!product.dynamicRegistration) return { kind: 'refuse', reason: 'switch-off', problem: product.name }
    if (byGateway === true && !product.registrationByGateways) {
      return { kind: 'refuse', reason: 'registration-by-gateways-off' }
    }
    if (mode === 'register') {
      if (!device) return { kind: 'refuse', reason: 'device-unknown' }
      if (device.disabled) return { kind: 'refuse', reason: 'device-disabled' }
      if (device.activatedAt !== null && device.reopenedAt === null) {
        return { kind: 'refuse', reason: 'already-activated' }
      }
      return { kind: 'issue-secret', clearClientIds: device.reopenedAt !== null }
    }
    const clientIds = device?.clientIds ?? []
    if (clientIds.length < product.clientIdLimit) {
      return { kind: 'issue-token', createDevice: device === undefined, replaces: null }
    }
    const pending = clientIds.find(({ usedAt }) => usedAt === null)
    if (!pending) return { kind: 'refuse', reason: 'slots-full' }
    return { kind: 'issue-token', createDevice: false, replaces: pending.clientId }
  },
}
