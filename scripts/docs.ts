import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLog, loadConfig, startServer } from '../packages/server/src/app/index.ts'
import { API_CLIENT_FILE, apiClientTypes } from './api-client.ts'
import { withParts } from './docs-markers.ts'
import { generatedPages, serverFacts } from './docs-pages.ts'

/** `npm run docs`: writes the generated parts of docs/ anew. Asks a server of its own, on free ports, for routes and metrics; the console's client types are written with them. */
const root = fileURLToPath(new URL('..', import.meta.url))
const write = (path: string, change: (before: string) => string): void => {
  const file = join(root, path)
  const before = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const after = change(before)
  if (after !== before) writeFileSync(file, after)
  console.log(`${path}: ${after === before ? 'is up to date' : 'written'}`)
}
const folder = mkdtempSync(join(tmpdir(), 'hatchway-docs-'))
const flags = { dataDir: join(folder, 'data'), mqttPort: '0', mqttHost: '127.0.0.1', httpPort: '0', logLevel: 'warn' }
const config = loadConfig({ flags, env: {}, cwd: folder })
const server = await startServer(config, { log: createLog(config.logLevel) })
try {
  const facts = await serverFacts(server.http)
  write(API_CLIENT_FILE, () => apiClientTypes(facts.api))
  for (const page of generatedPages(facts)) write(page.file, before => withParts(before, page))
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
