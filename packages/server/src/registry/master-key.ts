import { hkdfSync, randomBytes } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { copyFile, type FileHandle, link, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MASTER_KEY_SIZE_BYTES } from './seal.ts'

// 64 hex digits and a line end; a little room for a hand-made file with `\r\n`.
const MAX_FILE_SIZE_BYTES = 128
const OTHERS_MAY = 0o077
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'] as const

/** The master key can't be used; the message is one sentence that names the file, its problem and the fix. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError'
}

/**
 * Reads the master key (64 hex digits in a file that only its owner may read), or makes one where there is no file.
 *
 * @throws MasterKeyError
 */
export async function loadOrCreateMasterKey(file: string): Promise<Buffer> {
  return (await createKeyFile(file)) ?? (await readKeyFile(file))
}

/**
 * A key for one purpose, from which neither the master key nor the key of another purpose can be found. The same on
 * every server that has the same master key.
 */
export function deriveKey(masterKey: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', `hatchway ${purpose}`, MASTER_KEY_SIZE_BYTES))
}

/** Undefined where there is a file already. It gets its name when it is whole: nobody reads a part, nothing is left of a crash. */
async function createKeyFile(file: string): Promise<Buffer | undefined> {
  if (existsSync(file)) return undefined
  const key = randomBytes(MASTER_KEY_SIZE_BYTES)
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeDurably(draft, `${key.toString('hex')}\n`)
    await giveName(draft, file)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return undefined // of two starts at once only one makes the key
    throw unusable(file, `can't be created (${messageOf(error)})`, 'make its directory writable', error)
  } finally {
    await rm(draft, { force: true })
  }
  await syncDirectory(dirname(file))
  return key
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Never in the place of another file, as renaming would do. */
async function giveName(draft: string, file: string): Promise<void> {
  try {
    await link(draft, file)
  } catch (error) {
    if (!NO_LINKS.some(code => hasCode(error, code))) throw error
    await copyFile(draft, file, constants.COPYFILE_EXCL) // some shared folders know no links
  }
}

// Without this the file's name could be lost in a power cut, and with it every secret sealed since.
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return // Windows can't open a directory for that
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function readKeyFile(file: string): Promise<Buffer> {
  let handle: FileHandle
  try {
    handle = await open(file, 'r')
  } catch (error) {
    throw unusable(file, `can't be read (${messageOf(error)})`, 'let the user that runs Hatchway read it', error)
  }
  try {
    const { mode, size } = await handle.stat()
    if (process.platform !== 'win32' && (mode & OTHERS_MAY) !== 0) {
      const shown = (mode & 0o777).toString(8)
      throw unusable(file, `may be read or changed by other users (mode ${shown})`, `run chmod 600 ${file}`)
    }
    const text = size > MAX_FILE_SIZE_BYTES ? '' : (await handle.readFile('utf8')).trim()
    if (!/^[0-9a-fA-F]{64}$/.test(text)) {
      const fix = 'restore it from your backup, or delete it if no database was made with it'
      throw unusable(file, `does not hold ${MASTER_KEY_SIZE_BYTES * 2} hex digits`, fix)
    }
    return Buffer.from(text, 'hex')
  } finally {
    await handle.close()
  }
}

const unusable = (file: string, problem: string, fix: string, cause?: unknown): MasterKeyError =>
  new MasterKeyError(`HATCHWAY_MASTER_KEY_FILE: the master key file ${file} ${problem}; ${fix}.`, { cause })

const hasCode = (error: unknown, code: string): boolean => (error as { code?: unknown } | null)?.code === code
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
