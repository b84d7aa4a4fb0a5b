import type { Command } from 'commander'
import type { Explanation } from '../api-types.ts'
import { choice, printJson, wholeNumber } from '../command.ts'
import { AlreadyTold, type Io } from '../io.ts'
import { hanging } from '../printable.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

interface ExplainOptions extends ApiOptions {
  clientId: string
  userName?: string
  password?: string
  transport?: string
  keepAlive?: number
}

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
    ],
  })
    .requiredOption('--client-id <text>', 'clientId as the device sends it, with the |…| block')
    .option('--user-name <text>', 'userName as the device sends it')
    .option('--password <text>', 'password as the device sends it')
    .addOption(choice('--transport <kind>', 'what the device connects over (default tls)', ['tls', 'tcp', 'ws', 'wss']))
    .option('--keep-alive <seconds>', 'Keep Alive of the CONNECT', wholeNumber(0, 65_535))
    .action(async (options: ExplainOptions) => {
      const { clientId, userName, password, transport, keepAlive: keepAliveSeconds } = options
      const body = { clientId, userName, password, transport, keepAliveSeconds }
      const explanation = await openApi(options, io).request<Explanation>('POST', '/api/v1/explain', { body })
      if (options.json) printJson(io, explanation)
      else io.stdout(explanationText(explanation, io.columns))
      if (explanation.decision === 'would-refuse') throw new AlreadyTold()
    })
}

function explanationText(explanation: Explanation, columns: number): string {
  const { decision, reason, connackCode, sentence, fix, signedText, signMethod, mistakes, retryable } = explanation
  const lines = explanation.steps.flatMap(({ step, ok, sentence: { en } }) =>
    hanging(`${ok ? 'ok  ' : 'FAIL'}  ${step}: `, en, columns),
  )
  lines.push('', ...hanging('', `${VERDICTS[decision]} CONNACK ${connackCode}, ${reason}.`, columns))
  if (decision !== 'would-refuse') return ended(lines)
  lines.push(...hanging('  Why: ', sentence.en, columns))
  if (signedText !== null) lines.push(...hanging(`  The server signs (${signMethod}): `, signedText, columns))
  for (const mistake of mistakes)
    lines.push(...hanging('  Likely: ', `${mistake.sentence.en} ${mistake.fix.en}`, columns))
  lines.push(...hanging('  Fix: ', fix.en, columns))
  if (retryable) lines.push('  The device may try again unchanged.')
  return ended(lines)
}

const ended = (lines: readonly string[]): string => `${lines.join('\n')}\n`
