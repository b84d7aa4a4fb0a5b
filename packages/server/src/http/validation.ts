import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Problem, type ProblemOptions } from './problem.ts'

/** Longest part of a refused query value that is shown again. Body values are never shown: they may be secrets. */
const MAX_SHOWN_LENGTH = 40

/** The JSON Schema keywords that requests use. */
interface FieldSchema {
  type?: string | readonly string[]
  enum?: readonly string[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  properties?: Readonly<Record<string, FieldSchema>>
  items?: FieldSchema
}

/** Checks requests by their schemas. Bodies are taken as they are; numbers and switches of a query are read from their text. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema)
  const isBody = httpPart === 'body'
  return (input: unknown) => {
    const value = isBody ? input : readQuery(schema as FieldSchema, input)
    if (validator.Check(value)) return { value }
    return { error: firstProblem(schema as FieldSchema, validator.Errors(value), isBody ? undefined : value) }
  }
}

function readQuery(schema: FieldSchema, input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return input
  const entries = Object.entries(input).map(([name, value]) => [
    name,
    readValue(schema.properties?.[name]?.type, value),
  ])
  return Object.fromEntries(entries)
}

function readValue(type: FieldSchema['type'], value: unknown): unknown {
  if (type === 'integer' && typeof value === 'string' && /^-?\d{1,15}$/.test(value)) return Number(value)
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

function firstProblem(schema: FieldSchema, errors: readonly TLocalizedValidationError[], shown: unknown): Problem {
  // `boolean` only repeats an additional property.
  const error = errors.find(({ keyword }) => keyword !== 'boolean')
  const status = shown === undefined ? {} : { status: 400 }
  if (error === undefined) return new Problem('field-invalid', status)
  return new Problem('field-invalid', { ...status, ...faultIn(schema, error, shown) })
}

type Fault = Pick<ProblemOptions, 'field' | 'detail' | 'fix'>

function faultIn(schema: FieldSchema, error: TLocalizedValidationError, shown: unknown): Fault {
  const at = fieldAt(schema, error.instancePath)
  if (error.keyword === 'required') return missing(at, String(error.params.requiredProperties[0]))
  if (error.keyword === 'additionalProperties') return unknown(at, String(error.params.additionalProperties[0]))
  if (error.instancePath === '') {
    const known = Object.keys(schema.properties ?? {}).join(', ')
    return { detail: 'The body is not a JSON object.', fix: `Send a JSON object with: ${known}.` }
  }
  return {
    field: at.name,
    detail: `${at.name} ${faultOf(error.keyword)}${show(shown, error.instancePath)}.`,
    fix: at.schema === undefined ? 'Correct it.' : `Give ${allowed(at.schema)}.`,
  }
}

interface Place {
  name: string
  schema: FieldSchema | undefined
}

function missing(parent: Place, name: string): Fault {
  const field = join(parent.name, name)
  const expected = parent.schema?.properties?.[name]
  return {
    field,
    detail: `${field} is missing.`,
    fix: expected === undefined ? 'Add it.' : `Add it: ${allowed(expected)}.`,
  }
}

function unknown(parent: Place, name: string): Fault {
  const field = join(parent.name, name)
  const known = Object.keys(parent.schema?.properties ?? {})
  const fix = known.length === 0 ? 'Leave it out.' : `Leave it out, or use one of: ${known.join(', ')}.`
  return { field, detail: `${field} is not a field of this operation.`, fix }
}

const join = (parent: string, name: string): string => (parent === '' ? name : `${parent}.${name}`)

function fieldAt(schema: FieldSchema, path: string): Place {
  let name = ''
  let at: FieldSchema | undefined = schema
  for (const piece of path.split('/').slice(1)) {
    const key = piece.replaceAll('~1', '/').replaceAll('~0', '~')
    const isItem: boolean = at?.items !== undefined && /^\d+$/.test(key)
    name = isItem ? `${name}[${key}]` : join(name, key)
    at = isItem ? at?.items : at?.properties?.[key]
  }
  return { name, schema: at }
}

function faultOf(keyword: string): string {
  switch (keyword) {
    case 'minLength':
    case 'minItems':
      return 'is too short'
    case 'maxLength':
    case 'maxItems':
      return 'is too long'
    case 'minimum':
      return 'is too small'
    case 'maximum':
      return 'is too large'
    case 'enum':
      return 'is not one of the allowed values'
    case 'type':
      return 'has the wrong type'
    default:
      return 'is not valid'
  }
}

function show(shown: unknown, path: string): string {
  if (typeof shown !== 'object' || shown === null) return ''
  const value: unknown = (shown as Record<string, unknown>)[path.slice(1)]
  if (Array.isArray(value)) return ': it was given more than once'
  return `: ${JSON.stringify(String(value).slice(0, MAX_SHOWN_LENGTH))}`
}

/** What a field takes, as it follows "Give". */
function allowed(schema: FieldSchema): string {
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])
  const orNull = types.includes('null') ? ', or null' : ''
  return `${allowedValue(schema, types)}${orNull}`
}

function allowedValue(schema: FieldSchema, types: readonly string[]): string {
  if (schema.enum !== undefined) return `one of: ${schema.enum.join(', ')}`
  if (types.includes('integer')) return `a whole number${between(schema.minimum, schema.maximum, 'from')}`
  if (types.includes('boolean')) return 'true or false'
  if (types.includes('array')) return `a list${between(schema.minItems, schema.maxItems, 'of')}`
  if (types.includes('object')) return 'an object'
  return `a text${between(schema.minLength, schema.maxLength, 'of')}${schema.maxLength === undefined ? '' : ' characters'}`
}

function between(low: number | undefined, high: number | undefined, preposition: string): string {
  if (high === undefined) return low === undefined ? '' : `, at least ${low}`
  return ` ${preposition} ${low ?? 0} to ${high}`
}
