import { Type } from 'typebox'
import type { DeviceView } from '../registry/types.ts'
import { cursorsOf, limitOf, PAGING } from './paging.ts'
import type { Api, HttpParts } from './parts.ts'
import { deviceNotFound, productNotFound } from './problem.ts'
import {
  boundedText,
  count,
  DevicePath,
  flag,
  iso,
  isoOrNull,
  keyedProblems,
  nothing,
  nullable,
  oneOf,
  ProductPath,
  ref,
  text,
  time,
} from './schemas.ts'

const STATUSES = ['UNACTIVE', 'ONLINE', 'OFFLINE', 'DISABLE'] as const

const NewDevice = Type.Object(
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
    status: oneOf(STATUSES, 'UNACTIVE = never logged in'),
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

const DevicePage = Type.Object(
  {
    items: Type.Array(ref(DeviceReply)),
    nextCursor: nullable.text('Null on the last page'),
    total: count('Devices that match'),
  },
  { description: 'One page' },
)

const DeviceFilters = Type.Object(
  {
    search: Type.Optional(boundedText('Part of the DeviceName, any case', 32)),
    status: Type.Optional(oneOf(STATUSES, 'Only devices with this status')),
    ...PAGING,
  },
  { additionalProperties: false },
)

const PATH = '/products/:pk/devices/:dn'

export function deviceRoutes(api: Api, parts: HttpParts): void {
  createRoute(api, parts)
  listRoute(api, parts)
  singleRoutes(api, parts)
  actionRoutes(api, parts)
}

function createRoute(api: Api, { administration, registry }: HttpParts): void {
  api.post(
    '/products/:pk/devices',
    {
      config: { access: 'operate' },
      schema: {
        operationId: 'createDevice',
        summary: 'Create a device, so that it may register; the reply repeats no secret',
        tags: ['devices'],
        params: ProductPath,
        body: NewDevice,
        response: { 201: ref(DeviceReply), ...keyedProblems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { pk } = request.params
      const { deviceName } = request.body
      await administration.createDevice({ productKey: pk, ...request.body })
      const path = [pk, 'devices', deviceName].map(encodeURIComponent).join('/')
      reply.code(201).header('location', `/api/v1/products/${path}`)
      return deviceReplyFor(registry, pk, deviceName)
    },
  )
}

function listRoute(api: Api, { registry }: HttpParts): void {
  api.get(
    '/products/:pk/devices',
    {
      config: { access: 'observe' },
      schema: {
        operationId: 'listDevices',
        summary: 'Devices of a product, by name',
        tags: ['devices'],
        params: ProductPath,
        querystring: DeviceFilters,
        response: { 200: DevicePage, ...keyedProblems(404) },
      },
    },
    async request => {
      const { pk: productKey } = request.params
      const { search, status, cursor } = request.query
      if ((await registry.product(productKey)) === undefined) throw productNotFound()
      const filters = {
        productKey,
        ...(search === undefined ? {} : { search }),
        ...(status === undefined ? {} : { status }),
      }
      const cursors = cursorsOf('devices', filters)
      const page = await registry.store.listDevices({
        ...filters,
        ...cursors.read(cursor),
        limit: limitOf(request.query),
      })
      return { items: page.items.map(deviceReply), nextCursor: cursors.show(page.nextCursor), total: page.total }
    },
  )
}

function singleRoutes(api: Api, { administration, registry }: HttpParts): void {
  const schema = { tags: ['devices'], params: DevicePath }
  api.get(
    PATH,
    {
      config: { access: 'observe' },
      schema: {
        ...schema,
        operationId: 'showDevice',
        summary: 'A device with its state and ClientIDs',
        response: { 200: ref(DeviceReply), ...keyedProblems(404) },
      },
    },
    async request => deviceReplyFor(registry, request.params.pk, request.params.dn),
  )
  api.delete(
    PATH,
    {
      config: { access: 'operate' },
      schema: {
        ...schema,
        operationId: 'deleteDevice',
        summary: 'Delete a device and its credentials; its connection ends',
        response: { 204: nothing('Deleted'), ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      await administration.deleteDevice(request.params.pk, request.params.dn)
      reply.code(204)
      return null
    },
  )
}

function actionRoutes(api: Api, { administration, registry }: HttpParts): void {
  const actions = [
    ['reset', 'Open registration again; the present credentials stay good until new ones are issued'],
    ['disable', 'Refuse the device and end its connection'],
    ['enable', 'Let a disabled device in again'],
  ] as const
  const run = {
    reset: administration.resetDevice,
    disable: administration.disableDevice,
    enable: administration.enableDevice,
  }
  for (const [action, summary] of actions) {
    api.post(
      `${PATH}/${action}`,
      {
        config: { access: 'operate' },
        schema: {
          operationId: `${action}Device`,
          summary,
          tags: ['devices'],
          params: DevicePath,
          response: { 200: ref(DeviceReply), ...keyedProblems(404, 413, 415, 422) },
        },
      },
      async request => {
        const { pk, dn } = request.params
        await run[action](pk, dn)
        return deviceReplyFor(registry, pk, dn)
      },
    )
  }
}

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

const deviceReply = (view: DeviceView): DeviceReply => ({
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
