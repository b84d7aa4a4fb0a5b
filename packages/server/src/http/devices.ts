import { actorOf } from './caller.ts'
import { DeviceFilters, DevicePage, DeviceReply, deviceReply, deviceReplyFor, NewDevice } from './device-schemas.ts'
import { cursorsOf, limitOf } from './paging.ts'
import type { Api, HttpParts } from './parts.ts'
import { productNotFound } from './problem.ts'
import { DevicePath, keyedProblems, nothing, ProductPath, ref } from './schemas.ts'

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
      await administration.by(actorOf(request)).createDevice({ productKey: pk, ...request.body })
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
      return { ...page, items: page.items.map(deviceReply), nextCursor: cursors.show(page.nextCursor) }
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
      await administration.by(actorOf(request)).deleteDevice(request.params.pk, request.params.dn)
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
  const run = { reset: 'resetDevice', disable: 'disableDevice', enable: 'enableDevice' } as const
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
        await administration.by(actorOf(request))[run[action]](pk, dn)
        return deviceReplyFor(registry, pk, dn)
      },
    )
  }
}
