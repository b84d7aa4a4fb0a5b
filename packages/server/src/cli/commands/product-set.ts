import type { Command } from 'commander'
import type { Product } from '../api-types.ts'
import { onOff, printJson, wholeNumber } from '../command.ts'
import { type Io, usageError } from '../io.ts'
import { productKeyArgument, productPath } from '../names.ts'
import { productText } from '../product-text.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

interface SetOptions extends ApiOptions {
  name?: string
  dynamicRegistration?: boolean
  preregistrationFree?: boolean
  registrationByGateways?: boolean
  tlsOnly?: boolean
  strictKeepAlive?: boolean
  clientIdLimit?: number
}

export function addProductSet(group: Command, io: Io): void {
  addApiCommand(group, 'set', {
    description: 'change a product; what is not named stays',
    examples: ['hatchway product set al123456789 --dynamic-registration off'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .option('--name <text>', 'name for people')
    .option('--dynamic-registration <on|off>', 'whether its devices may register', onOff)
    .option('--preregistration-free <on|off>', 'whether devices may register that nobody created', onOff)
    .option('--registration-by-gateways <on|off>', 'whether any device may register its devices, as a gateway', onOff)
    .option('--tls-only <on|off>', 'whether logins over plain TCP and ws are refused', onOff)
    .option('--strict-keep-alive <on|off>', 'whether a Keep Alive below 30 s is refused', onOff)
    .option('--client-id-limit <number>', 'ClientIDs that one device may hold', wholeNumber(1, 100))
    .action(async (productKey: string, options: SetOptions) => {
      const { server: _server, token: _token, json, ...body } = options
      if (Object.keys(body).length === 0) {
        throw usageError('Nothing to change: name a setting, such as --dynamic-registration on.')
      }
      const product = await openApi(options, io).request<Product>('PATCH', productPath(productKey), { body })
      if (json) printJson(io, product)
      else io.stdout(productText(product))
    })
}
