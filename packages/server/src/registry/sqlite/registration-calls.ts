import type { DatabaseSync } from 'node:sqlite'
import { sameSecret } from '../hash.ts'
import { statusOf } from '../sql/counted.ts'
import { type ClientIdRow, type DeviceRow, devicePlace, lazyDevice } from '../sql/rows.ts'
import type { ActivationOutcome, ActivationRequest, RegistrationDecision, RegistrationRequest } from '../store.ts'
import type { RegistrationReply, WriteCalls } from './calls.ts'
import type { Writer } from './writer.ts'

/** A decision that can't be carried out: a bug in the rules, so nothing is issued. */
class ImpossibleDecision extends Error {
  override readonly name = 'ImpossibleDecision'
}

type Issue<Kind extends RegistrationDecision['kind']> = {
  decision: Extract<RegistrationDecision, { kind: Kind }>
  request: RegistrationRequest
  productId: number
  row: DeviceRow | undefined
  clientIds: ClientIdRow[]
}
type Issued = Pick<Extract<RegistrationReply, { ok: true }>, 'created' | 'revoked'>

/** Registration and activation: what devices ask of the registry. */
export function registrationCalls(writer: Writer): Pick<WriteCalls, 'register' | 'activate'> {
  const issueSecret = secretIssuer(writer)
  const issueToken = tokenIssuer(writer)
  return {
    register(request) {
      const { productKey, deviceName } = request
      const found = writer.products.get(productKey)
      const row = found && writer.deviceRow(found.id, deviceName)
      const clientIds = found && row ? writer.clientIdRows(found.id, deviceName) : []
      const device = row && lazyDevice(productKey, row, clientIds, writer.sealer)
      const decision = writer.rules.decideRegistration(request, found?.product, device)
      if (decision.kind === 'refuse') {
        const { kind: _, ...refusal } = decision
        return { ok: false, ...refusal }
      }
      if (!found) throw new ImpossibleDecision(`the rules decided ${decision.kind} for an unknown product`)
      const subject = { request, productId: found.id, row, clientIds }
      const issued =
        decision.kind === 'issue-secret' ? issueSecret({ decision, ...subject }) : issueToken({ decision, ...subject })
      return { ok: true, journalId: writer.journal.append(request.journal), ...issued }
    },
    activate: activator(writer),
  }
}

function secretIssuer({ db, sealer, counters }: Writer): (issue: Issue<'issue-secret'>) => Issued {
  const update = db.prepare(`UPDATE devices SET device_secret = ?, activated_at = NULL, secret_activated_at = NULL,
    reopened_at = NULL WHERE product_id = ? AND device_name = ?`)
  // A first secret leaves the columns of the status index alone.
  const updateUnactive = db.prepare(`UPDATE devices SET device_secret = ?, reopened_at = NULL
    WHERE product_id = ? AND device_name = ?`)
  const clear = db.prepare('DELETE FROM client_ids WHERE product_id = ? AND device_name = ?')
  return ({ decision, request, productId, row, clientIds }) => {
    if (!('deviceSecret' in request.fresh)) throw new ImpossibleDecision('a DeviceSecret was decided on, none was made')
    if (!row) throw new ImpossibleDecision('the rules issued a DeviceSecret to an unknown device')
    const sealed = sealer.seal(request.fresh.deviceSecret, devicePlace(request.productKey, request.deviceName))
    const unactive = row.activated_at === null && row.secret_activated_at === null
    ;(unactive ? updateUnactive : update).run(sealed, productId, request.deviceName)
    const status = statusOf({ disabled: row.disabled === 1, activatedAt: null, online: row.online === 1 })
    counters.deviceChanged(productId, row, { status, activated_at: null })
    const cleared = decision.clearClientIds ? clientIds : []
    if (cleared.length > 0) {
      clear.run(productId, request.deviceName)
      counters.clientIdsChanged(productId, -cleared.length)
    }
    return {
      created: false,
      revoked: {
        secret: row.device_secret !== null && row.secret_activated_at !== null,
        clientIds: cleared.filter(({ used_at }) => used_at !== null).map(({ client_id }) => client_id),
      },
    }
  }
}

function tokenIssuer({ db, counters, names }: Writer): (issue: Issue<'issue-token'>) => Issued {
  const createDevice = db.prepare(
    'INSERT INTO devices (product_id, device_name, created_at, search_id) VALUES (?, ?, ?, ?)',
  )
  const drop = db.prepare('DELETE FROM client_ids WHERE product_id = ? AND device_name = ? AND client_id = ?')
  const add = db.prepare(`INSERT INTO client_ids (product_id, device_name, client_id, token_hash, created_at)
    VALUES (?, ?, ?, ?, ?)`)
  return ({ decision, request, productId, row, clientIds }) => {
    const { fresh, deviceName, now } = request
    if (!('clientId' in fresh)) throw new ImpossibleDecision('a ClientID was decided on, none was made')
    if (!row && !decision.createDevice) throw new ImpossibleDecision('the rules issued a ClientID to an unknown device')
    if (!row) {
      createDevice.run(productId, deviceName, now, names.add(productId, deviceName))
      counters.deviceChanged(productId, null, { status: 'UNACTIVE', activated_at: null })
    }
    const replaced = clientIds.find(({ client_id }) => client_id === decision.replaces)
    if (decision.replaces !== null && !replaced) throw new ImpossibleDecision('the ClientID to replace does not exist')
    if (replaced) drop.run(productId, deviceName, replaced.client_id)
    else counters.clientIdsChanged(productId, 1)
    add.run(productId, deviceName, fresh.clientId, fresh.tokenHash, now)
    const revoked = replaced && replaced.used_at !== null ? [replaced.client_id] : []
    return { created: !row, revoked: { secret: false, clientIds: revoked } }
  }
}

function activator(writer: Writer): (request: ActivationRequest) => ActivationOutcome {
  const mark = activationMarker(writer.db)
  return ({ productKey, deviceName, now, credential }) => {
    const found = writer.products.get(productKey)
    if (!found) return { ok: false, reason: 'product-unknown' }
    const row = writer.deviceRow(found.id, deviceName)
    if (!row) return { ok: false, reason: 'device-unknown' }
    if (row.disabled === 1) return { ok: false, reason: 'device-disabled' }
    const clientIds = 'clientId' in credential ? writer.clientIdRows(found.id, deviceName) : []
    const device = lazyDevice(productKey, row, clientIds, writer.sealer)
    if ('deviceSecret' in credential) {
      if (device.deviceSecret === null) return { ok: false, reason: 'not-registered' }
      if (!sameSecret(device.deviceSecret, credential.deviceSecret)) return { ok: false, reason: 'signature-mismatch' }
      if (row.secret_activated_at === null) mark.secret.run(now, found.id, deviceName)
    } else {
      const issued = device.clientIds.find(({ clientId }) => clientId === credential.clientId)
      if (!issued) return { ok: false, reason: 'client-id-unknown' }
      if (!sameSecret(issued.tokenHash, credential.tokenHash)) return { ok: false, reason: 'token-mismatch' }
      if (issued.forbiddenAt !== null) return { ok: false, reason: 'client-id-forbidden' }
      if (issued.usedAt === null) mark.token.run(now, found.id, deviceName, issued.clientId)
    }
    if (row.activated_at === null) {
      mark.device.run(now, found.id, deviceName)
      const status = statusOf({ disabled: false, activatedAt: now, online: row.online === 1 })
      writer.counters.deviceChanged(found.id, row, { status, activated_at: now })
    }
    return { ok: true }
  }
}

const activationMarker = (db: DatabaseSync) => ({
  secret: db.prepare('UPDATE devices SET secret_activated_at = ? WHERE product_id = ? AND device_name = ?'),
  token: db.prepare('UPDATE client_ids SET used_at = ? WHERE product_id = ? AND device_name = ? AND client_id = ?'),
  device: db.prepare('UPDATE devices SET activated_at = ? WHERE product_id = ? AND device_name = ?'),
})
