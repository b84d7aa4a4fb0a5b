import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Citation, citationsIn, statementsOf, withoutCitations } from './catalogue.ts'
import type { Statement, Version } from './statement.ts'
import { titlesIn } from './titles.ts'

/** One test, or one row of a table of tests, that names statements. */
export interface Evidence {
  /** From the root of the repository. */
  readonly file: string
  readonly title: string
  readonly citations: readonly Citation[]
}

export interface Mistake {
  readonly file: string
  readonly text: string
}

const sources = ['packages/*/src/**/*.ts', 'test/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts']
const tests = /\.(test|suite)\.ts$/
/** These speak about citations. */
const apart = /^(test\/conformance\.test|scripts\/conformance\/\w+)\.ts$/

export function sourceFiles(root: string): readonly string[] {
  const found = globSync(sources, { cwd: root, exclude: ['**/node_modules/**', '**/dist/**'] })
  return found.filter(file => !apart.test(file)).toSorted()
}

/** What the test files of the repository claim to hold. */
export function evidenceIn(root: string): readonly Evidence[] {
  return sourceFiles(root)
    .filter(file => tests.test(file))
    .flatMap(file => {
      const source = readFileSync(join(root, file), 'utf8')
      if (!source.includes('[MQTT-')) return []
      return titlesIn(source).flatMap(({ text, whole }): Evidence[] => {
        const citations = citationsIn(text).good
        return citations.length === 0 ? [] : [{ file, title: withoutCitations(whole), citations }]
      })
    })
}

/** Citations, in tests, code and comments, of statements that there are not. */
export function mistakesIn(root: string): readonly Mistake[] {
  return sourceFiles(root).flatMap(file =>
    citationsIn(readFileSync(join(root, file), 'utf8')).unknown.map(text => ({ file, text })),
  )
}

export const keyOf = (version: Version, { id }: Statement): string => `${version} ${id}`

/** The tests of each statement, by `keyOf`. */
export function heldBy(evidence: readonly Evidence[]): ReadonlyMap<string, readonly Evidence[]> {
  const held = new Map<string, Evidence[]>()
  for (const one of evidence) {
    const keys = one.citations.flatMap(citation => statementsOf(citation).map(found => keyOf(...found)))
    for (const key of new Set(keys)) held.set(key, [...(held.get(key) ?? []), one])
  }
  return held
}
