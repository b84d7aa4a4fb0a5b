import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'

/** One built file of the console. */
export interface ConsoleFile {
  contentType: string
  content: Buffer
  /** Compressed at the build, where that pays. */
  br: Buffer | undefined
  gzip: Buffer | undefined
}

/** The console as it was built, in memory: no request can name a file that isn't part of it. */
export interface ConsoleFiles {
  /** The page, with NONCE_MARK where each reply's nonce goes. */
  page: string
  /** By path, such as `/assets/index-D5VJcesW.js`. */
  files: ReadonlyMap<string, ConsoleFile>
}

/** Stands in the built page for the nonce that its style elements carry. */
export const NONCE_MARK = '__CSP_NONCE__'
const PAGE = '/index.html'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Reads the built console out of its folder; null where it was not built. */
export async function loadConsole(folder: string): Promise<ConsoleFiles | null> {
  const contents = await readAll(folder)
  const page = contents.get(PAGE)?.toString()
  if (page === undefined) return null
  const files = [...contents].flatMap(([path, content]): [string, ConsoleFile][] => {
    const contentType = CONTENT_TYPES[extname(path)]
    if (contentType === undefined) return []
    return [[path, { contentType, content, br: contents.get(`${path}.br`), gzip: contents.get(`${path}.gz`) }]]
  })
  return { page, files: new Map(files) }
}

async function readAll(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  const contents = new Map<string, Buffer>()
  for (const entry of entries.filter(candidate => candidate.isFile())) {
    const file = join(entry.parentPath, entry.name)
    contents.set(file.slice(folder.length).replaceAll('\\', '/').replace(/^\/?/, '/'), await readFile(file))
  }
  return contents
}
