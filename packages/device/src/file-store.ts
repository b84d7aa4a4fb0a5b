import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type CredentialStore, CredentialsInvalid, parseCredentials } from './credentials.ts'

/** Credentials as one JSON file that only its owner may read. Other fields in the file are ignored. */
export function fileStore(path: string): CredentialStore {
  return {
    async load() {
      let text: string
      try {
        text = await readFile(path, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
      try {
        return parseCredentials(JSON.parse(text))
      } catch (error) {
        const problem = error instanceof CredentialsInvalid ? error.message : 'it is not valid JSON'
        throw new CredentialsInvalid(`${path}: ${problem}`, { cause: error })
      }
    },
    save: credentials => writePrivateFile(path, `${JSON.stringify(credentials, null, 2)}\n`),
  }
}

/** Replaces a file as a whole, mode 0600; when it resolves, the new content survives a power cut. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

// Without it the rename itself may be lost in a power cut. Windows can't open folders, and needs no such call.
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
