import { Type } from 'typebox'
import type { DeviceView } from '../registry/types.ts'
import { PAGING } from './paging.ts'
import type { HttpParts } from './parts.ts'
import { deviceNotFound } from './problem.ts'
import { boundedText, count, flag, iso, isoOrNull, nullable, oneOf, ref, text, time } from './schemas.ts'

export const DEVICE_STATUSES = ['UNACTIVE', 'ONLINE', 'OFFLINE', 'DISABLE'] as const

export const NewDevice = Type.Object(
  {
    deviceName: boundedText('4 to 32 characters out of letters, digits and _ @ . : -', 64),
    deviceSecret: Type.Optional(
      boundedText(
        'A secret burnt in at the factory, 1 to 64 printable characters; without it the device registers',
        128,
      ),
    ),
  },
  { additionalProperties: false },
)

const ClientIdReply = Type.Object({
  clientId: text('Issued ClientID'),
  createdAt: time('When it was issued'),
  usedAt: nullable.time('First login with its token; null = pending'),
  forbiddenAt: nullable.time('Since when it may not log in'),
})

export const DeviceReply = Type.Object(
  {
    productKey: text('Product of the device'),
    deviceName: text('Name, unique in its product'),
    status: oneOf(DEVICE_STATUSES, 'UNACTIVE = never logged in'),
    clientIds: Type.Array(ClientIdReply, { description: 'Physical devices that share this name (regnwl)' }),
    hasSecret: flag('Whether it has a DeviceSecret'),
    createdAt: time('When it was created'),
    activatedAt: nullable.time('First login'),
    reopenedAt: nullable.time('When a reset opened registration again'),
    lastOnlineAt: nullable.time('When it last came online'),
    lastOfflineAt: nullable.time('When it last went offline'),
    address: nullable.text('Peer address of the present or last connection'),
  },
  { $id: 'Device', description: 'A device; never with a secret' },
)
type DeviceReply = Type.Static<typeof DeviceReply>

export const DevicePage = Type.Object(
  {
    items: Type.Array(ref(DeviceReply)),
    nextCursor: nullable.text('Null on the last page'),
    total: count('Devices that match'),
    totalIsLowerBound: Type.Optional(
      Type.Literal(true, { description: 'There may be more than `total`: a search counts only so far' }),
    ),
  },
  { description: 'One page' },
)

export const DeviceFilters = Type.Object(
  {
    search: Type.Optional(boundedText('Part of the DeviceName, any case', 32)),
    status: Type.Optional(oneOf(DEVICE_STATUSES, 'Only devices with this status')),
    ...PAGING,
  },
  { additionalProperties: false },
)

/** The device as the API shows it; a Problem if there is none. */
export async function deviceReplyFor(
  registry: HttpParts['registry'],
  productKey: string,
  deviceName: string,
): Promise<DeviceReply> {
  const view = await registry.store.deviceView(productKey, deviceName)
  if (view === undefined) throw deviceNotFound()
  return deviceReply(view)
}

export const deviceReply = (view: DeviceView): DeviceReply => ({
  productKey: view.productKey,
  deviceName: view.deviceName,
  status: view.status,
  clientIds: view.clientIds.map(({ clientId, createdAt, usedAt, forbiddenAt }) => ({
    clientId,
    createdAt: iso(createdAt),
    usedAt: isoOrNull(usedAt),
    forbiddenAt: isoOrNull(forbiddenAt),
  })),
  hasSecret: view.hasSecret,
  createdAt: iso(view.createdAt),
  activatedAt: isoOrNull(view.activatedAt),
  reopenedAt: isoOrNull(view.reopenedAt),
  lastOnlineAt: isoOrNull(view.lastOnlineAt),
  lastOfflineAt: isoOrNull(view.lastOfflineAt),
  address: view.address,
})
