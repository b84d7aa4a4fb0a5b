import { Type } from 'typebox'
import type { DeviceConnection } from '../registry/types.ts'
import type { Api, HttpParts } from './parts.ts'
import { deviceNotFound } from './problem.ts'
import { DevicePath, iso, isoOrNull, keyedProblems, nullable, time } from './schemas.ts'

export const ConnectionsReply = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        since: time('When the device logged in'),
        until: nullable.time('When the connection ended; null while it lasts'),
        end: nullable.text(
          'Why: a reason code, client-disconnected, connection-lost, or gateway-gone where its gateway died and nobody told',
        ),
        transport: nullable.text('tls, tcp, wss or ws'),
        address: nullable.text('Peer address'),
        clientId: nullable.text('The issued ClientID; null = logged in with a DeviceSecret'),
      }),
      { description: 'Newest first' },
    ),
  },
  { description: 'The newest connections of the device' },
)

export function deviceConnectionRoutes(api: Api, { registry: { store } }: HttpParts): void {
  api.get(
    '/products/:pk/devices/:dn/connections',
    {
      config: { access: 'observe' },
      schema: {
        operationId: 'listDeviceConnections',
        summary: 'When the device was connected lately, from where, and how each connection ended',
        tags: ['devices'],
        params: DevicePath,
        response: { 200: ConnectionsReply, ...keyedProblems(404) },
      },
    },
    async request => {
      const { pk, dn } = request.params
      const connections = await store.deviceConnections(pk, dn)
      if (connections === undefined) throw deviceNotFound()
      return { items: connections.map(connectionReply) }
    },
  )
}

const connectionReply = ({ since, until, ...connection }: DeviceConnection) => ({
  since: iso(since),
  until: isoOrNull(until),
  ...connection,
})
