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
      return await change
    } finally {
      over()
    }
  }
  const deviceOver = (device: { productKey: string; deviceName: string }) => () =>
    watch.deviceChanged(device.productKey, device.deviceName)
  const changing: Changing = {
    register: request => after(store.register(request), deviceOver(request)),
    activate: request => after(store.activate(request), deviceOver(request)),
    createProduct: product => after(store.createProduct(product), () => watch.productChanged(product.productKey)),
    updateProduct: (productKey, change, now) =>
      after(store.updateProduct(productKey, change, now), () => watch.productChanged(productKey)),
    deleteProduct: productKey => after(store.deleteProduct(productKey), () => watch.productDeleted(productKey)),
    createDevices: devices =>
      after(store.createDevices(devices), () => {
        for (const device of devices) deviceOver(device)()
      }),
    changeDevice: (productKey, deviceName, change) =>
      after(store.changeDevice(productKey, deviceName, change), deviceOver({ productKey, deviceName })),
    deleteDevice: (productKey, deviceName) =>
      after(store.deleteDevice(productKey, deviceName), deviceOver({ productKey, deviceName })),
    createApiKey: key => after(store.createApiKey(key), watch.keysChanged),
    revokeApiKey: (id, now) => after(store.revokeApiKey(id, now), watch.keysChanged),
    createUser: (user, condition) => after(store.createUser(user, condition), watch.accountsChanged),
    updateUser: (id, change) => after(store.updateUser(id, change), watch.accountsChanged),
    deleteUser: (id, now) => after(store.deleteUser(id, now), watch.accountsChanged),
    createSession: (session, limits) => after(store.createSession(session, limits), watch.accountsChanged),
    noteSessionSeen: (id, seen) => after(store.noteSessionSeen(id, seen), watch.accountsChanged),
    endSessions: (userId, which, now) => after(store.endSessions(userId, which, now), watch.accountsChanged),
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
    listDevices: query => store.listDevices(query),
    apiKey: id => store.apiKey(id),
    apiKeyBySecretHash: secretHash => store.apiKeyBySecretHash(secretHash),
    listApiKeys: () => store.listApiKeys(),
    userByName: name => store.userByName(name),
    listUsers: () => store.listUsers(),
    sessionByTokenHash: tokenHash => store.sessionByTokenHash(tokenHash),
    listSessions: userId => store.listSessions(userId),
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
