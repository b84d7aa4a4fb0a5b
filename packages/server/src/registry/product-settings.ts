import type { ProductSettings } from './types.ts'

/** Settings of a product whose creator named none, and of rows older than a setting. */
export const DEFAULT_PRODUCT_SETTINGS: Readonly<ProductSettings> = {
  dynamicRegistration: false,
  preregistrationFree: false,
  registrationByGateways: false,
  tlsOnly: false,
  strictKeepAlive: false,
  clientIdLimit: 5,
}
