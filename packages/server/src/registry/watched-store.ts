import type { Store } from './store.ts'

/**
 * What to do when a change is over, before its caller hears of it. Also after a failure: a call that timed out may
 * have been done.
 */
export interface StoreWatch {
  productChanged(productKey: string): void
  /** With its devices. */
  productDeleted(productKey: string): void
  deviceChanged(productKey: string, deviceName: string): void
  keysChanged(): void
  /** Users, their sessions, or both. */
  accountsChanged(): void
  written(): void
  notWritten(error: unknown): void
}

type Changing = Pick<
  Store,
  | 'register'
  | 'activate'
  | 'createProduct'
  | 'updateProduct'
  | 'deleteProduct'
  | 'createDevices'
  | 'changeDevice'
  | 'deleteDevice'
  | 'changeDevices'
  | 'createApiKey'
  | 'revokeApiKey'
  | 'createUser'
  | 'updateUser'
  | 'deleteUser'
  | 'createSession'
  | 'noteSessionSeen'
  | 'endSessions'
>

/** The store with a watch on every change that concerns what a CONNECT looks up. */
export function watchStore(store: Store, watch: StoreWatch): Store {
  const after = async <Result>(change: Promise<Result>, over: () => void): Promise<Result> => {
    try {
      const result = await change
      watch.written()
      return result
    } catch (error) {
      watch.notWritten(error)
      throw error
    } finally {
      over()
    }
  }
  const deviceOver = (device: { productKey: string; deviceName: string }) => () =>
    watch.deviceChanged(device.productKey, device.deviceName)
  const changing: Changing = {
    register: request => after(store.register(request), deviceOver(request)),
    activate: request => after(store.activate(request), deviceOver(request)),
    createProduct: (product, note) =>
      after(store.createProduct(product, note), () => watch.productChanged(product.productKey)),
    updateProduct: (productKey, change, now, note) =>
      after(store.updateProduct(productKey, change, now, note), () => watch.productChanged(productKey)),
    deleteProduct: (productKey, note) =>
      after(store.deleteProduct(productKey, note), () => watch.productDeleted(productKey)),
    createDevices: (devices, note) =>
      after(store.createDevices(devices, note), () => {
        for (const device of devices) deviceOver(device)()
      }),
    changeDevice: (productKey, deviceName, change, note) =>
      after(store.changeDevice(productKey, deviceName, change, note), deviceOver({ productKey, deviceName })),
    deleteDevice: (productKey, deviceName, note) =>
      after(store.deleteDevice(productKey, deviceName, note), deviceOver({ productKey, deviceName })),
    changeDevices: (productKey, deviceNames, change, note) =>
      after(store.changeDevices(productKey, deviceNames, change, note), () => {
        for (const deviceName of deviceNames) watch.deviceChanged(productKey, deviceName)
      }),
    createApiKey: (key, note) => after(store.createApiKey(key, note), watch.keysChanged),
    revokeApiKey: (id, now, note) => after(store.revokeApiKey(id, now, note), watch.keysChanged),
    createUser: (user, condition, note) => after(store.createUser(user, condition, note), watch.accountsChanged),
    updateUser: (id, change, note) => after(store.updateUser(id, change, note), watch.accountsChanged),
    deleteUser: (id, now, note) => after(store.deleteUser(id, now, note), watch.accountsChanged),
    createSession: (session, limits, note) => after(store.createSession(session, limits, note), watch.accountsChanged),
    noteSessionSeen: (id, seen) => after(store.noteSessionSeen(id, seen), watch.accountsChanged),
    endSessions: (ending, note) => after(store.endSessions(ending, note), watch.accountsChanged),
  }
  return { ...unwatched(store), ...changing }
}

// One by one instead of by spreading: a store may be an object of a class.
function unwatched(store: Store): Omit<Store, keyof Changing> {
  return {
    product: productKey => store.product(productKey),
    productView: productKey => store.productView(productKey),
    listProducts: query => store.listProducts(query),
    device: (productKey, deviceName) => store.device(productKey, deviceName),
    deviceView: (productKey, deviceName) => store.deviceView(productKey, deviceName),
    deviceConnections: (productKey, deviceName) => store.deviceConnections(productKey, deviceName),
    listDevices: query => store.listDevices(query),
    apiKey: id => store.apiKey(id),
    apiKeyBySecretHash: secretHash => store.apiKeyBySecretHash(secretHash),
    listApiKeys: () => store.listApiKeys(),
    userByName: name => store.userByName(name),
    listUsers: () => store.listUsers(),
    sessionByTokenHash: tokenHash => store.sessionByTokenHash(tokenHash),
    listSessions: userId => store.listSessions(userId),
    appendAudit: notes => store.appendAudit(notes),
    listAudit: query => store.listAudit(query),
    notePresence: changes => store.notePresence(changes),
    appendJournal: entries => store.appendJournal(entries),
    listJournal: query => store.listJournal(query),
    noteActivity: (gateway, minutes) => store.noteActivity(gateway, minutes),
    activity: sinceMinute => store.activity(sinceMinute),
    counts: () => store.counts(),
    status: () => store.status(),
    check: () => store.check(),
    close: () => store.close(),
  }
}
