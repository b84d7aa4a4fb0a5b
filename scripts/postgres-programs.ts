import { readdirSync } from 'node:fs'
import { join } from 'node:path'

// Debian keeps a folder for each version, Homebrew one for each `postgresql@17`.
const ROOTS = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt']

/** The folder with `initdb` and `postgres` of the newest PostgreSQL that the system has. */
export function postgresPrograms(): string | undefined {
  const version = (name: string): number => Number(name.replace(/\D/g, ''))
  for (const root of ROOTS) {
    const newest = namesIn(root)
      .sort((one, other) => version(other) - version(one))
      .map(name => join(root, name, 'bin'))
      .find(bin => namesIn(bin).includes('initdb'))
    if (newest !== undefined) return newest
  }
  return undefined
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return [] // not there, or no folder
  }
}
