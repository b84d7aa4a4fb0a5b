import { createMemoryRegistry } from './memory-registry.suite.ts'
import { registrationSequences } from './registration-sequences.suite.ts'
import { rules } from './rules.ts'

const registry = createMemoryRegistry(rules)

registrationSequences(
  'in memory',
  () => ({
    createProduct: async product => registry.addProduct(product),
    createDevice: async (productKey, deviceName) => registry.addDevice({ productKey, deviceName }),
    register: request => registry.register(request),
    activate: request => registry.activate(request),
    changeDevice: async (productKey, deviceName, change) => registry.change(productKey, deviceName, change),
    device: async (productKey, deviceName) => registry.peek(productKey, deviceName),
  }),
  500,
)
