import { type Command, InvalidArgumentError } from 'commander'
import { choice, printJson, wholeNumber } from '../command.ts'
import { AlreadyTold, type Io } from '../io.ts'
import { productKeyArgument } from '../names.ts'
import { addApiCommand } from '../server-access.ts'
import { openCredentialsFile } from '../simulate/credentials-file.ts'
import { type FleetPlan, type FleetResult, runFleet } from '../simulate/fleet.ts'
import { PLACEHOLDERS } from '../simulate/message-template.ts'
import { MISBEHAVIOURS, misbehaviours } from '../simulate/misbehaviour.ts'
import { DEFAULTS, MAX_DEVICES, planOf, type SimulateOptions } from '../simulate/plan.ts'
import { LiveReport, summaryText } from '../simulate/report.ts'

const TERMINAL_INTERVAL_MS = 250
const LINE_INTERVAL_MS = 5000
const WEEK_SECONDS = 604_800
const DAY_SECONDS = 86_400

export function addSimulate(program: Command, io: Io): void {
  addApiCommand(program, 'simulate', {
    description: 'as a fleet of devices: register, log in, publish, stay and come back; Ctrl-C ends',
    examples: [
      'hatchway simulate --devices 100',
      'hatchway simulate --devices 500 --misbehave wrong-secret=5,no-closing-bar=5 --duration 0',
      'hatchway simulate --url mqtts://iot.example.com:1883 --ca ca.pem --product-key al123456789 \\\n' +
        '      --product-secret … --mode regnwl --keep fleet.ndjson',
      'hatchway simulate --credentials fleet.ndjson --qos 1 --publish-interval 0.5',
    ],
  })
    .option('--devices <number>', 'how many (default 10, or all of --credentials)', wholeNumber(1, MAX_DEVICES))
    .option(
      '--url <url>',
      "where they connect: mqtts://, wss://, for logins mqtt://, ws:// too (its CA: --ca); without it the server's port",
    )
    .option(
      '--product-key <key>',
      'their product; without it one for simulations, made when it is missing',
      productKeyArgument,
    )
    .option('--product-secret <secret>', 'ProductSecret; signs registrations and is not sent')
    .option('--create', 'make the product and the devices by the API where they are missing')
    .addOption(
      choice('--mode <mode>', 'register: created beforehand; regnwl: preregistration-free', [
        'register',
        'regnwl',
      ]).default('register'),
    )
    .option('--prefix <text>', 'what the DeviceNames begin with; a number follows', DEFAULTS.prefix)
    .option('--keep <file>', 'save what registrations bring in this new file (mode 0600), a device a line')
    .option('--credentials <file>', 'log in as the devices of such a file instead of registering')
    .option(
      '--rate <number>',
      'devices that come up a second: a registration and a login each',
      wholeNumber(1, 5000),
      50,
    )
    .option('--concurrency <number>', 'devices that are coming up at once', wholeNumber(1, 1000), 50)
    .option('--publish-interval <seconds>', 'between two messages of a device; 0 = none', seconds(DAY_SECONDS), 5)
    .option('--topic <template>', `where they publish; with ${PLACEHOLDERS}`, DEFAULTS.topic)
    .option('--payload <template>', 'what they publish; the same placeholders, random is 0 to 99', DEFAULTS.payload)
    .addOption(choice('--qos <level>', 'quality of service of their messages', ['0', '1']).default('1'))
    .option(
      '--duration <seconds>',
      'how long they stay when all have tried to come; 0 = until Ctrl-C',
      seconds(WEEK_SECONDS),
      60,
    )
    .option('--keep-alive <seconds>', 'Keep Alive', wholeNumber(10, 65_535), 120)
    .addOption(choice('--mqtt-version <version>', 'MQTT version', ['3.1.1', '5']).default('3.1.1'))
    .option('--timeout <seconds>', 'limit of opening a connection, and of an answer', wholeNumber(1, 600), 20)
    .option(
      '--misbehave <kinds>',
      `devices that get something wrong, kind=percent (10 %), comma list: ${Object.keys(MISBEHAVIOURS).join(', ')}`,
      misbehaviours,
    )
    .action((options: SimulateOptions) => runSimulate(options, io))
}

function seconds(max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d{1,6}(\.\d{1,3})?$/.test(text) && value <= max) return value
    throw new InvalidArgumentError(`Give seconds from 0 to ${max}, such as 5 or 0.5.`)
  }
}

async function runSimulate(options: SimulateOptions, io: Io): Promise<void> {
  const signal = io.stopSignal()
  const plan = await planOf(options, io)
  const keeper = options.keep === undefined ? undefined : await openCredentialsFile(options.keep, io)
  const keep = keeper?.keep ?? (() => Promise.resolve())
  let result: FleetResult
  try {
    result = await (options.json ? runForMachines : runForPeople)(plan, { signal, keep, io })
  } finally {
    await keeper?.close()
  }
  if (result.failed > 0) {
    if (!options.json) io.stderr(`hatchway: ${result.failed} devices did not get in that should have.\n`)
    throw new AlreadyTold()
  }
}

interface Run {
  signal: AbortSignal
  keep: Parameters<typeof runFleet>[1]['keep']
  io: Io
}

async function runForPeople(plan: FleetPlan, { signal, keep, io }: Run): Promise<FleetResult> {
  const live = new LiveReport(io)
  const progressIntervalMs = io.isTerminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS
  io.stdout(`${plan.members.length} devices for ${plan.door.url.protocol}//${plan.door.url.host}; Ctrl-C ends.\n`)
  try {
    const onProgress = live.show.bind(live)
    const result = await runFleet(plan, { signal, keep, progressIntervalMs, onProgress })
    live.end()
    io.stdout(summaryText(result.figures, io.columns))
    return result
  } finally {
    live.end()
  }
}

async function runForMachines(plan: FleetPlan, { signal, keep, io }: Run): Promise<FleetResult> {
  const { members, door } = plan
  printJson(io, { event: 'started', url: `${door.url.protocol}//${door.url.host}`, devices: members.length })
  const onProgress: Parameters<typeof runFleet>[1]['onProgress'] = (figures, phase) =>
    printJson(io, { event: 'progress', phase, ...figures })
  const result = await runFleet(plan, { signal, keep, progressIntervalMs: LINE_INTERVAL_MS, onProgress })
  const { figures, failed, isInterrupted } = result
  printJson(io, { event: 'summary', ok: failed === 0, interrupted: isInterrupted, failed, ...figures })
  return result
}
