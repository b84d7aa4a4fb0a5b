import type { Command } from 'commander'
import { choice, printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { deviceNameArgument, devicePath, productKeyArgument } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

interface SendOptions extends ApiOptions {
  topic?: string
  message: string
  base64?: boolean
  qos: '0' | '1' | '2'
}

export function addDeviceSend(group: Command, io: Io): void {
  addApiCommand(group, 'send', {
    description: 'publish a message to a device',
    examples: ['hatchway device send al123456789 SN-0001 --message \'{"led":1}\''],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .argument('<device-name>', 'DeviceName', deviceNameArgument)
    .requiredOption('--message <text>', 'what to send')
    .option('--topic <topic>', "one of the device's topics (default /{pk}/{dn}/user/get)")
    .option('--base64', 'the message is base64 of the bytes to send')
    .addOption(choice('--qos <level>', 'quality of service', ['0', '1', '2']).default('0'))
    .action(async (productKey: string, deviceName: string, options: SendOptions) => {
      const topic = options.topic ?? `/${productKey}/${deviceName}/user/get`
      const encoding = options.base64 ? 'base64' : 'utf8'
      const body = { topic, payload: options.message, encoding, qos: Number(options.qos) }
      const path = `${devicePath(productKey, deviceName)}/messages`
      const sent = await openApi(options, io).request<{ subscribers: number | null }>('POST', path, { body })
      if (options.json) return printJson(io, { topic, ...sent })
      if (sent.subscribers === null)
        io.stdout(`Published to ${topic}; the MQTT cluster does not tell whether anybody subscribes there.\n`)
      else if (sent.subscribers > 0) io.stdout(`Sent to ${topic}.\n`)
      else io.stdout(`Published to ${topic}, but nobody subscribes there: is the device on line and subscribed?\n`)
    })
}
