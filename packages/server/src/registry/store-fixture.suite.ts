import { DEFAULT_PRODUCT_SETTINGS } from './product-settings.ts'
import type { RegistrationRequest, Store } from './store.ts'
import type { ApiKey, Device, JournalEntry, NewJournalEntry, Page, Product } from './types.ts'

export const NOW = 1_700_000_000_000

export type StoreFactory = (settings: { journalLimit: number }) => Promise<Store>

export function newEntry(over: Partial<NewJournalEntry> = {}): NewJournalEntry {
  return {
    time: NOW,
    outcome: 'refused',
    reason: 'signature-mismatch',
    productKey: null,
    deviceName: null,
    mode: 'register',
    address: '192.0.2.1',
    transport: 'tls',
    tlsVersion: 'TLSv1.3',
    tlsCipher: 'TLS_AES_256_GCM_SHA384',
    mqttVersion: '3.1.1',
    connackCode: 4,
    detail: null,
    ...over,
  }
}

export function newKey(over: Partial<ApiKey> & { id: string }): ApiKey {
  const secretHash = over.id.padEnd(64, '0')
  return { name: 'a key', role: 'operator', products: null, secretHash, createdAt: NOW, revokedAt: null, ...over }
}

/**
 * What the conformance suite does over and over, each time on a product of its own, so that all of it shares one
 * store.
 */
export class StoreFixture {
  readonly store: Store
  #made = 0

  constructor(store: Store) {
    this.store = store
  }

  unique(prefix: string): string {
    this.#made += 1
    return `${prefix}${this.#made}`
  }

  async product(over: Partial<Product> = {}): Promise<Product> {
    const product: Product = {
      productKey: this.unique('pk'),
      productSecret: 'product secret',
      name: 'Thermostat',
      ...DEFAULT_PRODUCT_SETTINGS,
      dynamicRegistration: true,
      preregistrationFree: true,
      createdAt: NOW,
      updatedAt: NOW,
      ...over,
    }
    await this.store.createProduct(product)
    return product
  }

  /** A product with these devices; the names come back to be used. */
  async productWith(...deviceNames: string[]): Promise<string> {
    const { productKey } = await this.product()
    const rows = deviceNames.map(deviceName => ({ productKey, deviceName, deviceSecret: null, createdAt: NOW }))
    await this.store.createDevices(rows)
    return productKey
  }

  request(productKey: string, deviceName: string, fresh: RegistrationRequest['fresh'], now = NOW): RegistrationRequest {
    const mode = 'deviceSecret' in fresh ? 'register' : 'regnwl'
    const journal = newEntry({ time: now, outcome: 'registered', reason: 'registered', mode, productKey, deviceName })
    return { mode, productKey, deviceName, now, fresh, journal: { ...journal, connackCode: 0 } }
  }

  register(productKey: string, deviceName: string, deviceSecret: string, now = NOW) {
    return this.store.register(this.request(productKey, deviceName, { deviceSecret }, now))
  }

  regnwl(productKey: string, deviceName: string, clientId: string, now = NOW) {
    return this.store.register(
      this.request(productKey, deviceName, { clientId, tokenHash: clientId.padEnd(64, 'f') }, now),
    )
  }

  /** The first login with what `register` or `regnwl` issued. */
  activate(
    productKey: string,
    deviceName: string,
    credential: { deviceSecret: string } | { clientId: string },
    now = NOW,
  ) {
    const whole =
      'clientId' in credential ? { ...credential, tokenHash: credential.clientId.padEnd(64, 'f') } : credential
    return this.store.activate({ productKey, deviceName, now, credential: whole })
  }

  async device(productKey: string, deviceName: string): Promise<Device> {
    const device = await this.store.device(productKey, deviceName)
    if (!device) throw new Error(`no device ${deviceName}`)
    return device
  }

  async journalOf(productKey: string): Promise<readonly JournalEntry[]> {
    return (await this.store.listJournal({ productKey, limit: 1000 })).items
  }
}

/** Follows the cursors to the end; `between` runs after each page. */
export async function allPages<Item>(
  read: (cursor?: string) => Promise<Page<Item>>,
  between: () => Promise<unknown> = async () => undefined,
): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < 1000; pages++) {
    const page = await read(cursor)
    items.push(...page.items)
    if (page.nextCursor === null) return items
    cursor = page.nextCursor
    await between()
  }
  throw new Error('the pages have no end')
}
