import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { ApiClient } from './api-client.ts'
import { addCommand, type CommandText } from './command.ts'
import { type Io, usageError } from './io.ts'

export interface ApiOptions {
  server?: string
  token?: string
  ca?: string
  json?: boolean
}

const DEFAULT_SERVER = 'http://127.0.0.1:8080'
const DEFAULT_DATA_DIR = 'hatchway-data'
/** Written by the server on its first start, mode 0600. */
const TOKEN_FILE = 'admin-token'
const CA_FILE = 'ca.pem'
const TOKEN = /^[\x21-\x7e]{1,512}$/
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** A command that talks to a server. */
export function addApiCommand(parent: Command, nameAndArguments: string, text: CommandText): Command {
  return addCommand(parent, nameAndArguments, text)
    .option('--server <url>', `server's HTTP address (env HATCHWAY_SERVER; default ${DEFAULT_SERVER})`)
    .option(
      '--ca <file>',
      'CA file of an https server (env HATCHWAY_CA; else ca.pem in the data folder, if it is local)',
    )
    .option('--token <secret>', 'API key secret (env HATCHWAY_ADMIN_TOKEN; else the admin-token file)')
}

/**
 * The client for a command's options. The key comes from `--token`, HATCHWAY_TOKEN, HATCHWAY_ADMIN_TOKEN, or, for a server
 * on this machine only, from the file that the server wrote into its data folder: it must never travel to another host.
 */
export function openApi(options: ApiOptions, io: Io): ApiClient {
  const server = serverUrl(options, io)
  const given = options.token ?? nonEmpty(io.env['HATCHWAY_TOKEN']) ?? nonEmpty(io.env['HATCHWAY_ADMIN_TOKEN'])
  if (given !== undefined && !TOKEN.test(given)) {
    throw usageError(
      '--token (or HATCHWAY_ADMIN_TOKEN): is not an API key secret. Give 1-512 visible ASCII characters.',
    )
  }
  const isLocal = isOnThisMachine(server)
  const folder = resolve(io.cwd, nonEmpty(io.env['HATCHWAY_DATA_DIR']) ?? DEFAULT_DATA_DIR)
  if (server.startsWith('https:')) trustServer(options, { io, localFile: isLocal ? join(folder, CA_FILE) : undefined })
  const file = join(folder, TOKEN_FILE)
  const fromFile = given === undefined && isLocal ? readToken(file) : undefined
  return new ApiClient({
    server,
    token: given ?? fromFile?.token,
    tokenHint: fromFile?.problem ?? (given === undefined && !isLocal ? REMOTE_HINT : GIVEN_HINT),
    fetch: io.fetch,
  })
}

const GIVEN_HINT = 'Give the secret of a key by --token or HATCHWAY_ADMIN_TOKEN.'
const REMOTE_HINT = `The admin-token file is used only for a server on this machine. ${GIVEN_HINT}`

/** Whether a URL names this machine by a loopback name or address. */
export const isOnThisMachine = (url: string): boolean => LOOPBACK.test(new URL(url).hostname)

function serverUrl(options: ApiOptions, io: Io): string {
  const text = options.server ?? nonEmpty(io.env['HATCHWAY_SERVER']) ?? DEFAULT_SERVER
  const source = options.server === undefined ? 'HATCHWAY_SERVER' : '--server'
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.pathname !== '/' || url.username !== '') {
    throw usageError(`${source}: "${text}" is not the address of a server. Give one such as ${DEFAULT_SERVER}.`)
  }
  return url.origin
}

/** What stands in a file that was named has to be there; the one of a local server may not be. */
function trustServer({ ca }: ApiOptions, { io, localFile }: { io: Io; localFile: string | undefined }): void {
  const named = ca ?? nonEmpty(io.env['HATCHWAY_CA'])
  const file = named === undefined ? localFile : resolve(io.cwd, named)
  if (file === undefined || (named === undefined && !existsSync(file))) return
  let pem: string
  try {
    pem = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw usageError(`--ca: ${file} can't be read (${code ?? 'unknown error'}). Give the server's ca.pem.`)
  }
  if (!io.trustCa(pem))
    throw usageError('--ca needs Node.js 24.5 or newer. Set NODE_EXTRA_CA_CERTS to the file instead.')
}

function readToken(file: string): { token?: string; problem: string } {
  try {
    const token = readFileSync(file, 'utf8').trim()
    if (TOKEN.test(token)) return { token, problem: `The key in ${file} is not this server's. ${GIVEN_HINT}` }
    return { problem: `${file} does not hold an API key secret. ${GIVEN_HINT}` }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT')
      return { problem: `There is no ${file}: run in the server's folder, or ${lowerFirst(GIVEN_HINT)}` }
    return { problem: `${file} can't be read (${code ?? 'unknown error'}). ${GIVEN_HINT}` }
  }
}

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text)
const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
