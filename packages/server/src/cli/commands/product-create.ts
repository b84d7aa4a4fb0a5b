import type { Command } from 'commander'
import type { Product } from '../api-types.ts'
import { printJson, wholeNumber } from '../command.ts'
import type { Io } from '../io.ts'
import { productKeyArgument } from '../names.ts'
import { productText } from '../product-text.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { facts } from '../table.ts'

interface CreateOptions extends ApiOptions {
  dynamicRegistration?: true
  preregistrationFree?: true
  registrationByGateways?: true
  tlsOnly?: true
  strictKeepAlive?: true
  clientIdLimit?: number
  productKey?: string
  productSecret?: string
}

export function addProductCreate(group: Command, io: Io): void {
  addApiCommand(group, 'create', {
    description: 'create a product and print its ProductSecret',
    examples: [
      'hatchway product create "Soil sensor" --dynamic-registration',
      'hatchway product create Meter --dynamic-registration --preregistration-free --json',
    ],
  })
    .argument('<name>', 'name for people')
    .option('--dynamic-registration', 'let its devices register')
    .option('--preregistration-free', 'let devices register that nobody created (regnwl)')
    .option('--registration-by-gateways', 'let any device register its devices, as a gateway')
    .option('--tls-only', 'refuse logins over plain TCP and ws')
    .option('--strict-keep-alive', 'refuse logins with a Keep Alive below 30 s')
    .option('--client-id-limit <number>', 'ClientIDs that one device may hold', wholeNumber(1, 100))
    .option('--product-key <key>', 'take over this ProductKey instead of a new one', productKeyArgument)
    .option('--product-secret <secret>', 'take over this ProductSecret instead of a new one')
    .action(async (name: string, options: CreateOptions) => {
      const { server: _server, token: _token, json, ...settings } = options
      const body = { name, ...settings }
      const product = await openApi(options, io).request<Product & { productSecret: string }>(
        'POST',
        '/api/v1/products',
        { body },
      )
      if (json) return printJson(io, product)
      io.stdout(facts([['ProductSecret', product.productSecret]]) + productText(product))
      io.stdout(`\n${nextStep(product)}\n`)
    })
}

function nextStep({ productKey, dynamicRegistration, preregistrationFree }: Product): string {
  if (!dynamicRegistration) {
    return `Its devices can't register yet: hatchway product set ${productKey} --dynamic-registration on`
  }
  if (preregistrationFree) return 'Its devices may register now, also ones that nobody created.'
  return `Next, create the devices that may register: hatchway device add ${productKey} DEVICENAME`
}
