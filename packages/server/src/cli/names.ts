import { isDeviceName, isIssuedClientId, isProductKey } from '@hatchway/protocol'
import { InvalidArgumentError } from 'commander'

// Names go into URL paths. Checked here, `..` can't turn the deletion of a device into that of its product.

function checked(isRight: (text: string) => boolean, rule: string): (text: string) => string {
  return text => {
    if (isRight(text)) return text
    throw new InvalidArgumentError(rule)
  }
}

export const productKeyArgument = checked(isProductKey, 'A ProductKey is 1-20 letters and digits.')
export const deviceNameArgument = checked(isDeviceName, 'A DeviceName is 4-32 letters, digits or any of _ @ . : -')
export const clientIdArgument = checked(isIssuedClientId, 'A ClientID is 1-64 letters and digits.')
export const keyIdArgument = checked(text => /^[A-Za-z0-9_-]{1,64}$/.test(text), 'A key id is letters and digits.')
export const userNameArgument = checked(
  text => /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/.test(text),
  'A user name is 1-64 letters, digits or any of . _ @ + -',
)

export const productPath = (productKey: string): string => `/api/v1/products/${encodeURIComponent(productKey)}`
export const devicePath = (productKey: string, deviceName: string): string =>
  `${productPath(productKey)}/devices/${encodeURIComponent(deviceName)}`
export const userPath = (name: string): string => `/api/v1/users/${encodeURIComponent(name)}`
