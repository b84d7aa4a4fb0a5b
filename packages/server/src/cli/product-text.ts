import type { Product } from './api-types.ts'
import { facts } from './table.ts'
import { localTime } from './times.ts'

export const onOffText = (value: boolean): string => (value ? 'on' : 'off')

export function productText(product: Product): string {
  return facts([
    ['ProductKey', product.productKey],
    ['Name', product.name],
    ['Dynamic registration', onOffText(product.dynamicRegistration)],
    ['Preregistration-free', preregistrationText(product)],
    ['By gateways', onOffText(product.registrationByGateways)],
    ['TLS only', onOffText(product.tlsOnly)],
    ['Strict Keep Alive', onOffText(product.strictKeepAlive)],
    ['ClientIDs a device', product.clientIdLimit],
    ['Devices', `${product.deviceCount}, ${product.onlineCount} on line`],
    ['Created', localTime(product.createdAt)],
  ])
}

function preregistrationText({ dynamicRegistration, preregistrationFree }: Product): string {
  if (preregistrationFree && !dynamicRegistration) return 'on, but without effect while dynamic registration is off'
  return onOffText(preregistrationFree)
}
