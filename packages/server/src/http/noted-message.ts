import type { FastifyRequest } from 'fastify'
import { type AuditFields, noteOf } from '../registry/audit/index.ts'
import { actorOf } from './caller.ts'
import type { HttpParts } from './parts.ts'

interface NotedMessage {
  action: 'device.send-message' | 'device.call'
  productKey: string
  deviceName: string
  after: AuditFields
}

/**
 * Notes a message that a person sends, before it is sent. What programs send is traffic, and has no place in a log that
 * is kept for ever.
 */
export async function noteMessage(
  { registry, clock }: Pick<HttpParts, 'registry' | 'clock'>,
  request: FastifyRequest,
  { action, productKey, deviceName, after }: NotedMessage,
): Promise<void> {
  const actor = actorOf(request)
  if (actor.via === 'api') return
  const note = noteOf(actor, clock(), { action, target: `${productKey}/${deviceName}`, after })
  await registry.store.appendAudit([note])
}
