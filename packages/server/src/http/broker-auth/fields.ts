import { Problem } from '../problem.ts'
import type { BrokerRequest } from './adapter.ts'

type Body = BrokerRequest['body']

/** A text that the broker leaves out, or sends as null, where the client gave none. */
export function optionalText(body: Body, field: string): string | undefined {
  const value = body[field]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw new Problem('field-invalid', {
    field,
    detail: `${field} is not a text.`,
    fix: `Let the broker send ${field} as a text.`,
  })
}

export function text(body: Body, field: string): string {
  const value = optionalText(body, field)
  if (value !== undefined) return value
  throw missing(field)
}

export function oneOf<const Word extends string>(body: Body, field: string, words: readonly Word[]): Word {
  const value = text(body, field)
  const word = words.find(candidate => candidate === value)
  if (word !== undefined) return word
  throw new Problem('field-invalid', {
    field,
    detail: `${field} is not one of the values that are known.`,
    fix: `Let the broker send one of ${words.join(', ')}.`,
  })
}

export const missing = (field: string): Problem =>
  new Problem('field-invalid', {
    field,
    detail: `${field} is missing.`,
    fix: `Let the broker send ${field}, as docs/beside-a-broker.md shows.`,
  })
