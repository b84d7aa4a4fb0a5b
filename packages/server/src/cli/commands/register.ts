import { resolve } from 'node:path'
import { type Credentials, register } from '@hatchway/device'
import { SIGN_METHODS, type SignMethod } from '@hatchway/protocol'
import type { Command } from 'commander'
import { addCommand, choice, printJson, wholeNumber } from '../command.ts'
import { checkWritable, readCa, writeSavedDevice } from '../device-files.ts'
import type { Io } from '../io.ts'
import { facts } from '../table.ts'

interface RegisterOptions {
  url: string
  ca?: string
  productKey: string
  productSecret: string
  deviceName: string
  mode: 'register' | 'regnwl'
  signMethod?: SignMethod
  instanceId?: string
  mqttVersion: '3.1.1' | '5'
  timeout: number
  out?: string
  json?: boolean
}

export function addRegister(program: Command, io: Io): void {
  addCommand(program, 'register', {
    description: 'as a device: register by MQTT and take the credentials',
    examples: [
      'hatchway register --url mqtts://127.0.0.1:1883 --ca hatchway-data/ca.pem \\\n' +
        '      --product-key al123456789 --product-secret … --device-name device1 \\\n' +
        '      --mode register --out cred.json',
    ],
  })
    .requiredOption('--url <url>', 'mqtts://host:port or wss://host:port/path')
    .option('--ca <file>', "PEM file of the server's CA; without it the system's list counts")
    .requiredOption('--product-key <key>', 'ProductKey')
    .requiredOption('--product-secret <secret>', 'ProductSecret; signs the request and is not sent')
    .requiredOption('--device-name <name>', 'DeviceName, 4-32 characters')
    .addOption(
      choice('--mode <mode>', 'register: created beforehand; regnwl: preregistration-free', [
        'register',
        'regnwl',
      ]).makeOptionMandatory(),
    )
    .addOption(choice('--sign-method <method>', 'HMAC that signs (default hmacsha256)', SIGN_METHODS))
    .option('--instance-id <id>', 'id of the platform instance, sent along')
    .addOption(choice('--mqtt-version <version>', 'MQTT version', ['3.1.1', '5']).default('3.1.1'))
    .option('--timeout <seconds>', 'limit of the whole exchange', wholeNumber(1, 600), 15)
    .option('--out <file>', 'save the credentials in this file (mode 0600) instead of printing them')
    .action((options: RegisterOptions) => runRegister(options, io))
}

async function runRegister(options: RegisterOptions, io: Io): Promise<void> {
  const { url, productKey, productSecret, deviceName, mode, signMethod, instanceId } = options
  const out = options.out === undefined ? undefined : await checkWritable(options.out, io)
  const credentials = await register({
    ...{ url, productKey, productSecret, deviceName, mode },
    ...(await readCa(options.ca, io)),
    ...(signMethod === undefined ? {} : { signMethod }),
    ...(instanceId === undefined ? {} : { instanceId }),
    protocolVersion: options.mqttVersion === '5' ? 5 : 4,
    timeoutMs: options.timeout * 1000,
    signal: io.stopSignal(),
  })
  if (out === undefined) {
    if (options.json) printJson(io, credentials)
    else io.stdout(credentialsText(credentials))
    return
  }
  const caFile = options.ca === undefined ? undefined : resolve(io.cwd, options.ca)
  await writeSavedDevice(out, { credentials, url, caFile })
  if (options.json) printJson(io, { mode, productKey, deviceName, file: out })
  else io.stdout(`Registered ${deviceName}; credentials in ${out}.\nLog in: hatchway connect --credentials ${out}\n`)
}

function credentialsText(credentials: Credentials): string {
  const { productKey, deviceName } = credentials
  const names = [
    ['ProductKey', productKey],
    ['DeviceName', deviceName],
  ] as const
  if (credentials.mode === 'register') return facts([...names, ['DeviceSecret', credentials.deviceSecret]])
  return facts([...names, ['ClientID', credentials.clientId], ['DeviceToken', credentials.deviceToken]])
}
