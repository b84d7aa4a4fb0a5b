import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/**
 * `npm run console`: builds the console into packages/console/dist. With --if-needed only where there is none, or it is older than
 * what it is made from: so npm ci stays quick, and `npm start`, the demo and the tests have it.
 */
const path = (relative: string): string => fileURLToPath(new URL(`../${relative}`, import.meta.url))
const CONSOLE = path('packages/console')
const SOURCES = ['packages/console', 'packages/protocol/src', 'package-lock.json'].map(path)
const BUILT = path('packages/console/dist/index.html')

const modifiedMs = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

function newestMs(place: string): number {
  if (place.endsWith('dist') || place.endsWith('node_modules')) return 0
  if (!statSync(place).isDirectory()) return modifiedMs(place)
  return Math.max(...readdirSync(place).map(name => newestMs(join(place, name))), 0)
}

const isNeeded = !process.argv.includes('--if-needed') || modifiedMs(BUILT) < Math.max(...SOURCES.map(newestMs))
if (isNeeded) {
  // stdout belongs to the command that follows, which may be asked for JSON.
  console.error('Building the console ...')
  await build({ configFile: join(CONSOLE, 'vite.config.ts'), logLevel: 'warn' })
}
