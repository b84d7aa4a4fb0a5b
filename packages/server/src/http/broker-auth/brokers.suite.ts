import type { JournalEntry } from '../../registry/types.ts'
import { type FixtureOptions, type HttpFixture, type Reply, type RequestOptions, startHttp } from '../fixture.suite.ts'

/** The CONNECT of device1, signed with its DeviceSecret. */
export const DEVICE = {
  clientId: 'al123456789.device1|securemode=2,signmethod=hmacsha256,timestamp=1|',
  userName: 'device1&al123456789',
  password: 'f2acf29748001c8da6a14244d9d77d2cc3cb14be94bce2b730a9e56bb785291a',
} as const
export const REGISTRATION_CLIENT_ID = 'x|securemode=2,authType=register,random=1,signmethod=hmacsha256|'
export const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

export interface BrokerFixture extends HttpFixture {
  operatorKey: string
  /** The CONNECT of a unit of device2, with its DeviceToken. */
  unit: { clientId: string; userName: string; password: string }
  application: { id: string; secret: string }
  /** A question with the operator’s key. */
  ask(path: string, question: Partial<RequestOptions>): Promise<Reply>
  askByForm(path: string, fields: Record<string, string>, question?: Partial<RequestOptions>): Promise<Reply>
  /** The newest journal entry. */
  journaled(): Promise<Partial<JournalEntry>>
}

/** A server with device1, which has a DeviceSecret, a disabled one, device2, which has a unit, and keys. */
export async function startWithBroker(options: FixtureOptions = {}): Promise<BrokerFixture> {
  const http = await startHttp(options)
  await http.createProduct('al123456789', { preregistrationFree: true })
  const device = { productKey: 'al123456789', deviceSecret: '0123456789abcdef0123456789abcdef', createdAt: 1 }
  await http.registry.store.createDevices([
    { ...device, deviceName: 'device1' },
    { ...device, deviceName: 'disabled1' },
  ])
  await http.request({ method: 'POST', url: '/api/v1/products/al123456789/devices/disabled1/disable' })
  const token = await http.registerUnit('al123456789', 'device2')
  const clientId = `${token}|authType=connwl,securemode=-2|`
  const operatorKey = await http.createKey({ role: 'operator' })
  const application = await http.createKeyPair({ role: 'application', products: ['al123456789'] })
  const ask: BrokerFixture['ask'] = (path, question) =>
    http.request({ method: 'POST', url: `/broker/auth/${path}`, key: operatorKey, ...question })
  return Object.assign(http, {
    operatorKey,
    unit: { clientId, userName: 'device2&al123456789', password: token },
    application,
    ask,
    askByForm: (path: string, fields: Record<string, string>, question: Partial<RequestOptions> = {}) =>
      ask(path, { headers: FORM, text: new URLSearchParams(fields).toString(), ...question }),
    async journaled() {
      await http.registry.journal.flush()
      const { items } = await http.registry.store.listJournal({ limit: 1 })
      return items[0] ?? {}
    },
  })
}
