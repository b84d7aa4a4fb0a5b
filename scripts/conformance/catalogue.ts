import { mqtt311 } from './mqtt-3.1.1.ts'
import { mqtt5 } from './mqtt-5.0.ts'
import type { Statement, Version } from './statement.ts'

export const catalogue: Readonly<Record<Version, readonly Statement[]>> = { '5.0': mqtt5, '3.1.1': mqtt311 }

export const versions: readonly Version[] = ['5.0', '3.1.1']

/** `[MQTT-3.1.2-8]` or `[MQTT-3.1.2-8 of 3.1.1]` in a text. */
export interface Citation {
  readonly id: string
  readonly version: Version | undefined
}

export interface Citations {
  readonly good: readonly Citation[]
  /** Bracketed texts that look like a citation and name no statement. */
  readonly unknown: readonly string[]
}

const lookalike = /\[MQTT-[^\]]*\]/g
const wellFormed = /^\[MQTT-(\d+\.\d+\.\d+-\d+)(?: of (3\.1\.1|5\.0))?\]$/

export function citationsIn(text: string): Citations {
  const good: Citation[] = []
  const unknown: string[] = []
  for (const [bracketed] of text.matchAll(lookalike)) {
    const [, id = '', version] = wellFormed.exec(bracketed) ?? []
    const citation = { id, version: version as Version | undefined } // by the pattern one of them
    if (statementsOf(citation).length > 0) good.push(citation)
    else unknown.push(bracketed)
  }
  return { good, unknown }
}

export const withoutCitations = (text: string): string => text.replaceAll(lookalike, '').replaceAll(/\s+/g, ' ').trim()

/**
 * The statements that a citation means. Without a version it is MQTT 5.0's, and with it MQTT 3.1.1's where that asks for
 * the same under the same number; a number that only MQTT 3.1.1 has is MQTT 3.1.1's.
 */
export function statementsOf({ id, version }: Citation): readonly [Version, Statement][] {
  const found = versions.flatMap((each): [Version, Statement][] => {
    const statement = catalogue[each].find(one => one.id === id)
    return statement === undefined ? [] : [[each, statement]]
  })
  if (version !== undefined) return found.filter(([each]) => each === version)
  return found.length < 2 ? found : found.filter(([each, { alike }]) => each === '5.0' || alike)
}
