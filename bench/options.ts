import { parseArgs } from 'node:util'

/** Every benchmark has these two, read by run.ts. */
export interface OutputOptions {
  /** Where the report goes as JSON too. */
  jsonFile: string | undefined
  /** Whether docs/benchmarks.md gets the tables. */
  writes: boolean
}

export class OptionError extends Error {}

/** Takes the options of the output out; the rest is the benchmark's own. */
export function outputOptions(args: readonly string[]): { output: OutputOptions; rest: string[] } {
  const rest: string[] = []
  const output: OutputOptions = { jsonFile: undefined, writes: false }
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    if (arg === '--write') output.writes = true
    else if (arg === '--json') {
      output.jsonFile = args[++at]
      if (output.jsonFile === undefined) throw new OptionError('--json: give the file to write')
    } else rest.push(arg)
  }
  return { output, rest }
}

/** A whole number within bounds, or one of a list of words; `several`: a comma list of those words. */
export type OptionRule =
  | { readonly from: number; readonly to: number; readonly default: number }
  | { readonly oneOf: readonly string[]; readonly default: string }
  | { readonly several: readonly string[] }
  | { readonly text: string }

type ValueOf<Rule> = Rule extends { from: number }
  ? number
  : Rule extends { several: readonly string[] }
    ? readonly string[]
    : string

/** Reads `--name value` by the rules. Throws OptionError with one sentence that names the option and what it takes. */
export function readOptions<Rules extends Readonly<Record<string, OptionRule>>>(
  args: readonly string[],
  rules: Rules,
): { [Name in keyof Rules]: ValueOf<Rules[Name]> } {
  const options = Object.fromEntries(Object.keys(rules).map(name => [name, { type: 'string' }] as const))
  const values = parsed(args, options)
  const read = Object.entries(rules).map(([name, rule]) => [name, readValue(name, values[name], rule)])
  return Object.fromEntries(read) as { [Name in keyof Rules]: ValueOf<Rules[Name]> }
}

function parsed(
  args: readonly string[],
  options: Record<string, { type: 'string' }>,
): Record<string, string | undefined> {
  try {
    return parseArgs({ args: [...args], options }).values as Record<string, string | undefined>
  } catch (error) {
    const known = [...Object.keys(options), 'json', 'write'].map(name => `--${name}`).join(', ')
    throw new OptionError(`${error instanceof Error ? error.message : String(error)}; the options are ${known}`)
  }
}

function readValue(name: string, given: string | undefined, rule: OptionRule): number | string | readonly string[] {
  if ('text' in rule) return given ?? rule.text
  if ('from' in rule) {
    const number = given === undefined ? rule.default : Number(given)
    if (Number.isInteger(number) && number >= rule.from && number <= rule.to) return number
    throw new OptionError(`--${name}: give a whole number from ${rule.from} to ${rule.to}`)
  }
  if ('oneOf' in rule) {
    if (given === undefined || rule.oneOf.includes(given)) return given ?? rule.default
    throw new OptionError(`--${name}: give one of ${rule.oneOf.join(', ')}`)
  }
  const chosen = given === undefined ? rule.several : given.split(',').filter(word => word !== '')
  const unknown = chosen.find(word => !rule.several.includes(word))
  if (unknown === undefined) return chosen
  throw new OptionError(`--${name}: ${unknown} is none of ${rule.several.join(', ')}`)
}
