import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Explanation } from '../api-types.ts'
import { choice, printJson, wholeNumber } from '../command.ts'
import { AlreadyTold, type Io, usageError } from '../io.ts'
import { hanging } from '../printable.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

interface ExplainOptions extends ApiOptions {
  clientId?: string
  connectHex?: string
  file?: string
  userName?: string
  password?: string
  transport?: string
  keepAlive?: number
}

const MAX_DUMP_BYTES = 262_144
/** The first byte of the packet; a dump starts with a digit or a blank. */
const CONNECT = 0x10

const VERDICTS = {
  'would-register': 'This CONNECT would be registered.',
  'would-log-in': 'This CONNECT would be logged in.',
  'would-refuse': 'This CONNECT would be refused.',
} as const satisfies Record<Explanation['decision'], string>

export function addExplain(program: Command, io: Io): void {
  addApiCommand(program, 'explain', {
    description: 'what would this CONNECT be answered, and why? Changes nothing; exit code 1 if refused',
    examples: [
      'hatchway explain \\\n      --client-id "dev1|securemode=2,authType=register,random=1,signmethod=hmacsha256|" \\\n' +
        '      --user-name "dev1&al123456789" --password e4c2d9f48bdd25f7…',
      'hatchway explain --file connect.hex',
    ],
  })
    .option('--client-id <text>', 'clientId as the device sends it, with the |…| block')
    .option('--user-name <text>', 'userName as the device sends it')
    .option('--password <text>', 'password as the device sends it')
    .option('--connect-hex <hex>', 'instead of these: the CONNECT in hexadecimal, or a dump of it')
    .option(
      '--file <path>',
      'instead of these: a file with such a dump, or with the bytes themselves; - reads standard input',
    )
    .addOption(choice('--transport <kind>', 'what the device connects over (default tls)', ['tls', 'tcp', 'ws', 'wss']))
    .option('--keep-alive <seconds>', 'Keep Alive of the CONNECT', wholeNumber(0, 65_535))
    .action(async (options: ExplainOptions) => {
      const body = await questionOf(options, io)
      const explanation = await openApi(options, io).request<Explanation>('POST', '/api/v1/explain', { body })
      if (options.json) printJson(io, explanation)
      else io.stdout(explanationText(explanation, io.columns))
      if (explanation.decision === 'would-refuse') throw new AlreadyTold()
    })
}

async function questionOf(options: ExplainOptions, io: Io): Promise<object> {
  const { clientId, userName, password, transport, keepAlive: keepAliveSeconds, connectHex, file } = options
  const given = [clientId, connectHex, file].filter(value => value !== undefined).length
  if (given !== 1) throw usageError('Give one of --client-id, --connect-hex and --file.')
  if (clientId !== undefined) return { clientId, userName, password, transport, keepAliveSeconds }
  if (userName !== undefined || password !== undefined || keepAliveSeconds !== undefined) {
    throw usageError('--user-name, --password and --keep-alive go with --client-id only; the CONNECT holds them.')
  }
  return { connectHex: connectHex ?? (await dumpIn(file ?? '-', io)), transport }
}

async function dumpIn(file: string, io: Io): Promise<string> {
  try {
    if (file === '-') return await io.readStdin(MAX_DUMP_BYTES)
    const path = resolve(io.cwd, file)
    if ((await stat(path)).size > MAX_DUMP_BYTES) throw new RangeError(`is longer than ${MAX_DUMP_BYTES} bytes`)
    const bytes = await readFile(path)
    return bytes[0] === CONNECT ? bytes.toString('hex') : bytes.toString('utf8')
  } catch (error) {
    const problem =
      error instanceof RangeError ? error.message : ((error as NodeJS.ErrnoException).code ?? String(error))
    throw usageError(`${file}: can't be read (${problem}). Give a file with a hex dump, or - for standard input.`)
  }
}

function explanationText(explanation: Explanation, columns: number): string {
  const { decision, reason, connackCode, sentence, fix, signedText, signMethod, mistakes, retryable } = explanation
  const lines = explanation.connect === null ? [] : [...connectLines(explanation.connect, columns), '']
  const steps = explanation.steps.flatMap(({ step, ok, sentence: { en } }) =>
    hanging(`${ok ? 'ok  ' : 'FAIL'}  ${step}: `, en, columns),
  )
  lines.push(...steps, '', ...hanging('', `${VERDICTS[decision]} CONNACK ${connackCode}, ${reason}.`, columns))
  if (decision !== 'would-refuse') return ended(lines)
  lines.push(...hanging('  Why: ', sentence.en, columns))
  if (signedText !== null) lines.push(...hanging(`  The server signs (${signMethod}): `, signedText, columns))
  for (const mistake of mistakes)
    lines.push(...hanging('  Likely: ', `${mistake.sentence.en} ${mistake.fix.en}`, columns))
  lines.push(...hanging('  Fix: ', fix.en, columns))
  if (retryable) lines.push('  The device may try again unchanged.')
  return ended(lines)
}

function connectLines(connect: NonNullable<Explanation['connect']>, columns: number): string[] {
  const { mqttVersion, clientId, userName, hasPassword, keepAliveSeconds, willTopic } = connect
  return [
    ...hanging('CONNECT of MQTT ', `${mqttVersion}, Keep Alive ${keepAliveSeconds} s`, columns),
    ...hanging('  clientId  ', clientId, columns),
    ...hanging('  userName  ', userName ?? '(none)', columns),
    `  password  ${hasPassword ? '(not shown)' : '(none)'}`,
    ...(willTopic === null ? [] : hanging('  will      ', willTopic, columns)),
  ]
}

const ended = (lines: readonly string[]): string => `${lines.join('\n')}\n`
