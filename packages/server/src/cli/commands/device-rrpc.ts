import type { Command } from 'commander'
import { printJson, wholeNumber } from '../command.ts'
import type { Io } from '../io.ts'
import { deviceNameArgument, devicePath, productKeyArgument } from '../names.ts'
import { printable } from '../printable.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

interface RrpcOptions extends ApiOptions {
  payload: string
  base64?: boolean
  topic?: string
  timeout?: number
}

interface Answer {
  payload: string
  encoding: 'utf8' | 'base64'
  elapsedMs: number
}

export function addDeviceRrpc(group: Command, io: Io): void {
  addApiCommand(group, 'rrpc', {
    description: 'send a request to a device and print its answer',
    examples: ['hatchway device rrpc al123456789 SN-0001 --payload \'{"get":"temperature"}\''],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .argument('<device-name>', 'DeviceName', deviceNameArgument)
    .requiredOption('--payload <text>', 'the request')
    .option('--base64', 'the payload is base64 of the bytes to send')
    .option('--topic <topic>', "one of the device's topics, carried by /ext/rrpc/ (default: the system's own topics)")
    .option('--timeout <ms>', 'how long the device may take (default 8000)', wholeNumber(100, 20_000))
    .action(async (productKey: string, deviceName: string, options: RrpcOptions) => {
      const { payload, topic, timeout: timeoutMs } = options
      const body = { payload, encoding: options.base64 ? 'base64' : 'utf8', topic, timeoutMs }
      const path = `${devicePath(productKey, deviceName)}/rrpc`
      const answer = await openApi(options, io).request<Answer>('POST', path, { body })
      if (options.json) return printJson(io, answer)
      io.stdout(`${printable(answer.payload)}\n`)
      if (answer.encoding === 'base64') io.stderr('The answer is no text; this is its base64.\n')
    })
}
