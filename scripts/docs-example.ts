import {
  type ConnectCredentials,
  loginText,
  pushMessage,
  registrationConnect,
  registrationText,
  secretLoginConnect,
  tokenLoginConnect,
} from '../packages/protocol/src/index.ts'

// Made up for docs/devices.md; no server knows them.
const names = { productKey: 'a1B2c3D4e5F', deviceName: 'SN20260001' }
const productSecret = 'Zk3Wp9Xc7Vb1Nm5Q'
const deviceSecret = '0f1e2d3c4b5a69788796a5b4c3d2e1f0'
const issued = { clientId: 'K7mZ2xQ9vB4nT1rY6wE3sD8f', deviceToken: 'Hq5Jt8Lw2Np6Rz9Xc3Vb7Mk1Gd4Sf0Ya' }
const random = '6f1d2c3b4a'
const timestamp = '2524608000000'
const id = `${names.productKey}.${names.deviceName}`

/** The sentences of docs/devices.md, in figures: what goes out, what is signed, what comes back. */
export function workedExample(): string {
  const registration = registrationConnect({ mode: 'register', productSecret, random, ...names })
  const login = secretLoginConnect({ deviceSecret, timestamp, serverSubscribe: true, ...names })
  const signedToRegister = registrationText({ random, ...names })
  const signedToLogIn = loginText({ id, timestamp, ...names })
  const freeRegistration = registrationConnect({ mode: 'regnwl', productSecret, random, ...names })
  return [
    `The product is \`${names.productKey}\` with the ProductSecret \`${productSecret}\`, the device is \`${names.deviceName}\`.`,
    '**1. Register, `authType=register`** (over TLS). The CONNECT:',
    block(connectLines(registration)),
    'The password is the HMAC-SHA256 of this text with the ProductSecret as key:',
    block(signedToRegister),
    'The same by hand:',
    opensslBlock(signedToRegister, productSecret),
    'The server answers CONNACK 0 and, in the same write, this PUBLISH (QoS 0). The device stores the secret and hangs up:',
    block(pushLines(pushMessage({ mode: 'register', deviceSecret, ...names }))),
    '**2. Log in with the DeviceSecret.** The CONNECT:',
    block(connectLines(login)),
    'The password is the HMAC-SHA256 of this text with the DeviceSecret as key:',
    block(signedToLogIn),
    opensslBlock(signedToLogIn, deviceSecret),
    '**Without pre-registration, `authType=regnwl`.** The signature is made in the same way, only the block differs:',
    block(connectLines(freeRegistration)),
    'Back come a ClientID and a DeviceToken:',
    block(pushLines(pushMessage({ mode: 'regnwl', ...issued, ...names }))),
    'The login sends both as they are. Nothing is signed, so TLS is advisable:',
    block(connectLines(tokenLoginConnect({ ...issued, ...names }))),
  ].join('\n\n')
}

const block = (text: string): string => `\`\`\`text\n${text}\n\`\`\``

const connectLines = ({ clientId, userName, password }: ConnectCredentials): string =>
  `clientId  ${clientId}\nuserName  ${userName}\npassword  ${password}`

const pushLines = ({ topic, payload }: { topic: string; payload: string }): string =>
  `topic    ${topic}\npayload  ${payload}`

/** Prints the signature; the test runs it and compares. */
const opensslBlock = (text: string, key: string): string =>
  `\`\`\`sh\nprintf %s '${text}' |\n  openssl dgst -sha256 -hmac '${key}' -r\n\`\`\``
