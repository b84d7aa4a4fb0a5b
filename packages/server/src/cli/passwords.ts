import { CliError, type Io } from './io.ts'

const MAX_PASSWORD_BYTES = 4096

export const PASSWORD_TEXT = 'ask for a password; where nobody can be asked, read it from standard input'

/** Never from the command line, where other users of the machine see it. */
export async function newPassword(io: Io): Promise<string> {
  if (!io.isInteractive) return (await io.readStdin(MAX_PASSWORD_BYTES)).replace(/\r?\n$/, '')
  const password = await io.askSecret('Password (12 characters or more): ')
  if ((await io.askSecret('The same again: ')) !== password) {
    throw new CliError('The two differ. Nothing was changed.')
  }
  return password
}
