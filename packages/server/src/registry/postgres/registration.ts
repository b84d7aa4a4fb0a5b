import { sameSecret } from '../hash.ts'
import { type ClientIdRow, devicePlace, lazyDevice } from '../sql/rows.ts'
import type {
  ActivationOutcome,
  ActivationRequest,
  RegistrationDecision,
  RegistrationOutcome,
  RegistrationRequest,
  RevokedCredentials,
} from '../store.ts'
import { type DevicePlace, type DeviceState, newDeviceRow } from './device-state.ts'
import type { DeviceWork } from './device-work.ts'

/** A decision that can't be carried out: a bug in the rules, so nothing is issued. */
class ImpossibleDecision extends Error {
  override readonly name = 'ImpossibleDecision'
}

/** A registration's outcome with the entry's place among those of the transaction, whose ids come later. */
export type RegistrationReply =
  | { ok: true; entry: number; created: boolean; revoked: RevokedCredentials }
  | Extract<RegistrationOutcome, { ok: false }>

interface Issued {
  state: DeviceState
  created: boolean
  revoked: RevokedCredentials
}

type Issue<Kind extends RegistrationDecision['kind']> = {
  decision: Extract<RegistrationDecision, { kind: Kind }>
  request: RegistrationRequest
  place: DevicePlace
  state: DeviceState
}

export function register(work: DeviceWork, request: RegistrationRequest): RegistrationReply {
  const { productKey, deviceName } = request
  const found = work.product(productKey)
  const place = { productId: found?.id ?? 0, deviceName }
  const state = work.device(place)
  const device = state.row ? lazyDevice(productKey, state.row, [...state.clientIds], work.sealer) : undefined
  const decision = work.rules.decideRegistration(request, found?.product, device)
  if (decision.kind === 'refuse') {
    const { kind: _, ...refusal } = decision
    return { ok: false, ...refusal }
  }
  if (!found) throw new ImpossibleDecision(`the rules decided ${decision.kind} for an unknown product`)
  const issued =
    decision.kind === 'issue-secret'
      ? issueSecret(work, { decision, request, place, state })
      : issueToken({ decision, request, place, state })
  work.change(place, issued.state)
  return { ok: true, entry: work.append(request.journal), created: issued.created, revoked: issued.revoked }
}

function issueSecret({ sealer }: DeviceWork, { decision, request, state }: Issue<'issue-secret'>): Issued {
  const { row, clientIds } = state
  if (!('deviceSecret' in request.fresh)) throw new ImpossibleDecision('a DeviceSecret was decided on, none was made')
  if (!row) throw new ImpossibleDecision('the rules issued a DeviceSecret to an unknown device')
  const sealed = sealer.seal(request.fresh.deviceSecret, devicePlace(request.productKey, request.deviceName))
  const blank = { activated_at: null, secret_activated_at: null, reopened_at: null }
  const cleared = decision.clearClientIds ? clientIds : []
  return {
    state: { row: { ...row, ...blank, device_secret: sealed }, clientIds: decision.clearClientIds ? [] : clientIds },
    created: false,
    revoked: {
      secret: row.device_secret !== null && row.secret_activated_at !== null,
      clientIds: cleared.filter(({ used_at }) => used_at !== null).map(({ client_id }) => client_id),
    },
  }
}

function issueToken({ decision, request, place, state }: Issue<'issue-token'>): Issued {
  const { row, clientIds } = state
  const { fresh, now } = request
  if (!('clientId' in fresh)) throw new ImpossibleDecision('a ClientID was decided on, none was made')
  if (!row && !decision.createDevice) throw new ImpossibleDecision('the rules issued a ClientID to an unknown device')
  const replaced = clientIds.find(({ client_id }) => client_id === decision.replaces)
  if (decision.replaces !== null && !replaced) throw new ImpossibleDecision('the ClientID to replace does not exist')
  if (clientIds.some(({ client_id }) => client_id === fresh.clientId)) {
    throw new ImpossibleDecision('the device has this ClientID already')
  }
  const { clientId, tokenHash } = fresh
  const issued = { client_id: clientId, token_hash: tokenHash, created_at: now, used_at: null, forbidden_at: null }
  return {
    state: {
      row: row ?? newDeviceRow(place, { secret: null, createdAt: now }),
      clientIds: [...clientIds.filter(one => one !== replaced), issued].sort(byAge),
    },
    created: !row,
    revoked: { secret: false, clientIds: replaced && replaced.used_at !== null ? [replaced.client_id] : [] },
  }
}

// As the statement that reads them orders them.
const byAge = (one: ClientIdRow, other: ClientIdRow): number =>
  one.created_at - other.created_at || (one.client_id < other.client_id ? -1 : 1)

export function activate(work: DeviceWork, request: ActivationRequest): ActivationOutcome {
  const { productKey, deviceName, now, credential } = request
  const found = work.product(productKey)
  if (!found) return { ok: false, reason: 'product-unknown' }
  const place = { productId: found.id, deviceName }
  const { row, clientIds } = work.device(place)
  if (!row) return { ok: false, reason: 'device-unknown' }
  if (row.disabled === 1) return { ok: false, reason: 'device-disabled' }
  const activated_at = row.activated_at ?? now
  if ('deviceSecret' in credential) {
    const { deviceSecret } = lazyDevice(productKey, row, [], work.sealer)
    if (deviceSecret === null) return { ok: false, reason: 'not-registered' }
    if (!sameSecret(deviceSecret, credential.deviceSecret)) return { ok: false, reason: 'signature-mismatch' }
    if (row.activated_at === null || row.secret_activated_at === null) {
      const secret_activated_at = row.secret_activated_at ?? now
      work.change(place, { row: { ...row, activated_at, secret_activated_at }, clientIds })
    }
    return { ok: true }
  }
  const issued = clientIds.find(({ client_id }) => client_id === credential.clientId)
  if (!issued) return { ok: false, reason: 'client-id-unknown' }
  if (!sameSecret(issued.token_hash, credential.tokenHash)) return { ok: false, reason: 'token-mismatch' }
  if (issued.forbidden_at !== null) return { ok: false, reason: 'client-id-forbidden' }
  if (row.activated_at === null || issued.used_at === null) {
    const used = clientIds.map(one => (one === issued ? { ...one, used_at: one.used_at ?? now } : one))
    work.change(place, { row: { ...row, activated_at }, clientIds: used })
  }
  return { ok: true }
}
