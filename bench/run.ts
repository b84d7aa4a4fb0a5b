import { machineLine } from './machine.ts'

/** `npm run bench -- NAME [options]`: runs one benchmark and prints its table. */
const BENCHMARKS: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<void> }>>> = {
  registration: () => import('./registration.ts'),
}

const [name = '', ...args] = process.argv.slice(2)
const benchmark = BENCHMARKS[name]
if (benchmark === undefined) {
  console.error(`usage: npm run bench -- NAME [options]; NAME is one of: ${Object.keys(BENCHMARKS).join(', ')}`)
  process.exit(2)
}
console.log(machineLine())
await (await benchmark()).run(args)
