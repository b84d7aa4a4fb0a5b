import { constants } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Credentials, CredentialsInvalid, parseCredentials, writePrivateFile } from '@hatchway/device'
import { CliError, type Io, usageError } from './io.ts'

/** What `register --out` writes and `connect --credentials` reads: the credentials and where they were issued. */
export interface SavedDevice {
  credentials: Credentials
  url: string | undefined
  /** PEM file, absolute. */
  caFile: string | undefined
}

export async function readCa(file: string | undefined, io: Io): Promise<{ ca?: string }> {
  if (file === undefined) return {}
  const path = resolve(io.cwd, file)
  const pem = await readText(path, '--ca')
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return { ca: pem }
  throw usageError(`--ca: ${path} holds no PEM certificate. Give the server's ca.pem (GET /ca.pem).`)
}

export async function readSavedDevice(file: string, io: Io): Promise<SavedDevice> {
  const path = resolve(io.cwd, file)
  const text = await readText(path, '--credentials')
  try {
    const saved = JSON.parse(text) as Record<string, unknown>
    const credentials = parseCredentials(saved)
    return { credentials, url: textOf(saved['url']), caFile: textOf(saved['ca']) }
  } catch (error) {
    const problem = error instanceof CredentialsInvalid ? error.message : 'it is not valid JSON'
    throw new CliError(`${path}: ${problem}. Make it anew with: hatchway register … --out FILE`, { cause: error })
  }
}

/** Checked before a registration, whose result would else be lost. */
export async function checkWritable(file: string, io: Io): Promise<string> {
  const path = resolve(io.cwd, file)
  try {
    await access(dirname(path), constants.W_OK)
  } catch (error) {
    throw usageError(
      `--out: can't write into ${dirname(path)} (${codeOf(error)}). Give a file in a folder that exists.`,
    )
  }
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory()) throw usageError(`--out: ${path} is a folder. Give a file.`)
  return path
}

export async function writeSavedDevice(path: string, { credentials, url, caFile }: SavedDevice): Promise<void> {
  const content = { ...credentials, url, ca: caFile }
  try {
    await writePrivateFile(path, `${JSON.stringify(content, null, 2)}\n`)
  } catch (error) {
    throw new CliError(`The device is registered, but ${path} can't be written (${codeOf(error)}). Register it again.`)
  }
}

async function readText(path: string, flag: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw usageError(`${flag}: can't read ${path} (${codeOf(error)}). Check the path and its rights.`)
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
