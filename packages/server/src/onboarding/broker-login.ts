import { type Claim, parseClaim } from '@hatchway/protocol'
import type { BrokerAdmission, OnboardingSettings } from './admission.ts'
import { type Refusal, refuse, type Verdict } from './attempt.ts'
import { maxKeepAliveSeconds } from './keep-alive.ts'

/** What is taken for granted of a CONNECT that only another broker has seen: a Keep Alive that every product allows. */
export const askedByBroker = { keepAliveSeconds: maxKeepAliveSeconds, mayBeNamed: false, trace: undefined } as const

export const withoutClientId: Refusal = refuse('parse', 'client-id-missing', {
  field: 'clientId',
  problem: 'the broker sent none; clients that do not speak MQTT have none',
})

type ClientIds = OnboardingSettings['brokerClientIds']

/** What may not log in at another broker whatever it knows; undefined = nothing against it. */
export const refusedAtBroker = (claim: Claim, clientIds: ClientIds = 'own'): Refusal | undefined => {
  const { mode } = claim
  if (mode === 'register' || mode === 'regnwl') return refuse('parse', 'registration-not-here')
  if (clientIds === 'any' || isOwnClientId(claim)) return undefined
  return refuse('parse', 'client-id-not-own', { field: 'clientId' })
}

/**
 * Whether nobody else may log in with this clientId. Elsewhere the clientId is the session's key, and a device's is free
 * text: whoever may send any could take the session of another one, with the messages that wait in it.
 */
const isOwnClientId = (claim: Claim): boolean => {
  switch (claim.mode) {
    case 'register':
    case 'regnwl':
      return false
    case 'secret': {
      const { id, productKey, deviceName } = claim
      return ['.', '&'].some(
        sign => id === `${productKey}${sign}${deviceName}` || id === `${deviceName}${sign}${productKey}`,
      )
    }
    case 'token':
      return true // issued here, to this device
    case 'application': {
      const { clientId, keyId } = claim
      return clientId.startsWith(keyId) && !/^[A-Za-z0-9]/.test(clientId.slice(keyId.length))
    }
    default:
      return claim satisfies never
  }
}

/**
 * Whether a clientId that is part of a name, a queue's for example, is the client's own. It says nothing of a password, so
 * ask only about clients that have logged in.
 */
export const ownsClientId = (userName: string, clientId: string, clientIds?: ClientIds): boolean => {
  const read = parseClaim({ clientId, userName, password: '?' })
  return read.ok && refusedAtBroker(read.claim, clientIds) === undefined
}

export const brokerAdmissionOf = (verdict: Verdict): BrokerAdmission => {
  switch (verdict.kind) {
    case 'refused':
      return { kind: 'refused', reason: verdict.reason }
    case 'admitted':
      return { kind: 'admitted', identity: verdict.identity }
    case 'registered': // never: registrations were refused before
      return { kind: 'refused', reason: 'internal-error' }
    default:
      return verdict satisfies never
  }
}
