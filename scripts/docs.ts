import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLog, loadConfig, startServer } from '../packages/server/src/app/index.ts'
import { withParts } from './docs-markers.ts'
import { generatedPages, serverFacts } from './docs-pages.ts'

/** `npm run docs`: writes the generated parts of docs/ anew. Asks a server of its own, on free ports, for routes and metrics. */
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'hatchway-docs-'))
const flags = { dataDir: join(folder, 'data'), mqttPort: '0', mqttHost: '127.0.0.1', httpPort: '0', logLevel: 'warn' }
const config = loadConfig({ flags, env: {}, cwd: folder })
const server = await startServer(config, { log: createLog(config.logLevel) })
try {
  for (const page of generatedPages(await serverFacts(server.http))) {
    const file = join(root, page.file)
    const before = readFileSync(file, 'utf8')
    const after = withParts(before, page)
    if (after !== before) writeFileSync(file, after)
    console.log(`${page.file}: ${after === before ? 'is up to date' : 'written'}`)
  }
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
