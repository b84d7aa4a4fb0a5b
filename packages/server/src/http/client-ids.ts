import { actorOf } from './caller.ts'
import { DeviceReply, deviceReplyFor } from './device-schemas.ts'
import type { Api, HttpParts } from './parts.ts'
import { ClientIdPath, DevicePath, keyedProblems, nothing, ref } from './schemas.ts'

const PATH = '/products/:pk/devices/:dn/client-ids'

export function clientIdRoutes(api: Api, { administration, registry }: HttpParts): void {
  api.delete(
    PATH,
    {
      config: { access: 'operate' },
      schema: {
        operationId: 'dropClientIds',
        summary: 'Forget every ClientID of a device: all slots are free again',
        tags: ['devices'],
        params: DevicePath,
        response: { 204: nothing('Forgotten'), ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      await administration.by(actorOf(request)).dropClientIds(request.params.pk, request.params.dn)
      reply.code(204)
      return null
    },
  )
  api.delete(
    `${PATH}/:clientId`,
    {
      config: { access: 'operate' },
      schema: {
        operationId: 'dropClientId',
        summary: 'Forget one ClientID: its slot is free again',
        tags: ['devices'],
        params: ClientIdPath,
        response: { 204: nothing('Forgotten'), ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { pk, dn, clientId } = request.params
      await administration.by(actorOf(request)).dropClientIds(pk, dn, clientId)
      reply.code(204)
      return null
    },
  )
  api.post(
    `${PATH}/:clientId/keep`,
    {
      config: { access: 'operate' },
      schema: {
        operationId: 'keepClientId',
        summary: 'Keep one ClientID and forbid the others of the device, which hold their slots',
        tags: ['devices'],
        params: ClientIdPath,
        response: { 200: ref(DeviceReply), ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async request => {
      const { pk, dn, clientId } = request.params
      await administration.by(actorOf(request)).keepClientId(pk, dn, clientId)
      return deviceReplyFor(registry, pk, dn)
    },
  )
}
