import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { evidenceIn } from './conformance/evidence.ts'
import { conformancePage, renderConformance } from './conformance/page.ts'

/** `node scripts/conformance.ts`: writes docs/mqtt-conformance.md anew. */
const root = fileURLToPath(new URL('..', import.meta.url))
writeFileSync(join(root, conformancePage), renderConformance(evidenceIn(root)))
console.log(`${conformancePage}: written`)
