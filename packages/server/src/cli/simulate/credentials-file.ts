import { open, readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Credentials, CredentialsInvalid, parseCredentials } from '@hatchway/device'
import { CliError, type Io, usageError } from '../io.ts'

const MAX_FILE_BYTES = 16_777_216

/** The credentials of one device a line (NDJSON); at most `maxDevices`. Throws CliError naming the line that is wrong. */
export async function readCredentialsFile(
  file: string,
  { maxDevices, io }: { maxDevices: number; io: Io },
): Promise<Credentials[]> {
  const path = resolve(io.cwd, file)
  const lines = (await readText(path)).split('\n').map((text, index) => ({ text: text.trim(), number: index + 1 }))
  const found = lines.filter(({ text }) => text !== '')
  if (found.length === 0) throw usageError(`--credentials: ${path} is empty. Make it by a run with --keep FILE.`)
  return found.slice(0, maxDevices).map(({ text, number }) => {
    try {
      return parseCredentials(JSON.parse(text))
    } catch (error) {
      const problem = error instanceof CredentialsInvalid ? error.message : 'it is not valid JSON'
      throw new CliError(`${path}, line ${number}: ${problem}. Make the file anew by a run with --keep FILE.`, {
        cause: error,
      })
    }
  })
}

async function readText(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > MAX_FILE_BYTES) throw new RangeError(`it is longer than ${MAX_FILE_BYTES} bytes`)
    return await readFile(path, 'utf8')
  } catch (error) {
    const problem = error instanceof RangeError ? error.message : codeOf(error)
    throw usageError(`--credentials: can't read ${path} (${problem}). Check the path and its rights.`)
  }
}

export interface CredentialsKeeper {
  keep: (credentials: Credentials) => Promise<void>
  close: () => Promise<void>
}

/** A new file that only its owner may read; each line is written before its device logs in. */
export async function openCredentialsFile(file: string, io: Io): Promise<CredentialsKeeper> {
  const path = resolve(io.cwd, file)
  const failure = (error: unknown): CliError =>
    new CliError(`--keep: ${path} can't be written (${codeOf(error)}), so what was registered since is lost.`, {
      cause: error,
    })
  const handle = await open(path, 'wx', 0o600).catch(error => {
    const advice =
      codeOf(error) === 'EEXIST'
        ? 'exists already. Log in with it by --credentials, or give another file.'
        : `can't be made (${codeOf(error)}). Give a file in a folder that exists.`
    throw usageError(`--keep: ${path} ${advice}`)
  })
  let written = Promise.resolve()
  return {
    keep: credentials => {
      written = written.then(() => handle.appendFile(`${JSON.stringify(credentials)}\n`))
      return written.catch(error => Promise.reject(failure(error)))
    },
    close: async () => {
      try {
        await written
        await handle.sync()
      } catch (error) {
        throw failure(error)
      } finally {
        await handle.close()
      }
    },
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)
