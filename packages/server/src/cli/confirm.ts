import { CliError, type Io, usageError } from './io.ts'

/** Returns if the person agrees; throws otherwise, and at once where nobody can be asked. */
export async function confirm(question: string, { yes, io }: { yes: boolean | undefined; io: Io }): Promise<void> {
  if (yes) return
  if (!io.isInteractive) throw usageError('This can not be undone, and nobody can be asked here: add --yes.')
  const answer = await io.ask(`${question} [y/N] `)
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('Nothing was changed.')
}
