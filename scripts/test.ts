import { spawnSync } from 'node:child_process'
import { bringPrerequisites } from './prerequisites.ts'

/** `npm test`: everything that must hold, in the order in which it fails fastest. The closing line is `N passed, N failed, N skipped`. */
const STEPS: readonly { title: string; command: readonly string[] }[] = [
  { title: 'types', command: ['npm', 'run', '--silent', 'check:types'] },
  { title: 'style', command: ['npm', 'run', '--silent', 'check:style'] },
  { title: 'layers', command: ['npm', 'run', '--silent', 'check:layers'] },
  { title: 'console', command: ['npm', 'run', '--silent', 'console', '--', '--if-needed'] },
  { title: 'tests', command: ['vitest', 'run', ...process.argv.slice(2)] },
]

const missing = bringPrerequisites()
if (missing !== undefined) {
  console.error(missing)
  process.exit(1)
}
for (const { title, command } of STEPS) {
  console.log(`\n== ${title}: ${command.join(' ')}`)
  const [program = '', ...args] = command
  const { status } = spawnSync(program, args, { stdio: 'inherit' })
  if (status !== 0) {
    console.error(`\n${title}: failed`)
    process.exit(1)
  }
}
