import { writeFileSync } from 'node:fs'
import { OptionError, outputOptions } from './options.ts'
import { type BenchReport, textReport, writeReport } from './report.ts'

/** `npm run bench -- NAME [options]`: runs one benchmark, prints its tables, and writes them where it is told to. */
const BENCHMARKS: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<BenchReport> }>>> = {
  registration: () => import('./registration.ts'),
  messages: () => import('./messages.ts'),
  relay: () => import('./relay.ts'),
  memory: () => import('./memory.ts'),
  registry: () => import('./registry.ts'),
  console: () => import('./console.ts'),
  matching: () => import('./matching.ts'),
  soak: () => import('./soak.ts'),
  storm: () => import('./storm.ts'),
}

const [name = '', ...args] = process.argv.slice(2)
const benchmark = BENCHMARKS[name]
if (benchmark === undefined) {
  console.error(`usage: npm run bench -- NAME [options]; NAME is one of: ${Object.keys(BENCHMARKS).join(', ')}`)
  process.exit(2)
}
try {
  const { output, rest } = outputOptions(args)
  const report = await (await benchmark()).run(rest)
  console.log(textReport(report))
  if (output.jsonFile !== undefined) writeFileSync(output.jsonFile, `${JSON.stringify(report, null, 2)}\n`)
  if (output.writes) writeReport(report)
  if (!report.passed) process.exitCode = 1
} catch (error) {
  if (!(error instanceof OptionError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
