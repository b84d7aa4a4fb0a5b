/** As much of JSON Schema as the server's OpenAPI document uses. */
interface Schema {
  $ref?: string
  type?: string | readonly string[]
  enum?: readonly unknown[]
  const?: unknown
  properties?: Readonly<Record<string, Schema>>
  required?: readonly string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  anyOf?: readonly Schema[]
  oneOf?: readonly Schema[]
  allOf?: readonly Schema[]
  description?: string
}
interface Parameter {
  name: string
  in: string
  required?: boolean
  schema: Schema
}
type Content = Readonly<Record<string, { schema?: Schema }>>
interface Operation {
  summary?: string
  parameters?: readonly Parameter[]
  requestBody?: { required?: boolean; content: Content }
  responses: Readonly<Record<string, { content?: Content }>>
}
export interface OpenApi {
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  components: { schemas: Readonly<Record<string, Schema>> }
}

/** From the project's root. */
export const API_CLIENT_FILE = 'packages/console/src/api/schema.ts'

/** The console speaks to these only; what devices and other brokers ask is none of its business. */
const CONSOLE_PATHS = /^\/(api\/|readyz|ca\.pem)/

/**
 * Types of the HTTP API for the console's client, in the shape that openapi-fetch reads: `paths` and `components`. The
 * generators out there need the compiler API of TypeScript 5, which TypeScript 7 no longer has.
 */
export function apiClientTypes({ paths, components }: OpenApi): string {
  const lines = [
    '// Written by `npm run docs` from the server’s OpenAPI document; not to be edited.',
    '',
    'export interface components {',
    '  schemas: {',
    ...Object.entries(components.schemas).map(([name, schema]) => `    ${quoted(name)}: ${typeOf(schema)}`),
    '  }',
    '}',
    '',
    'export interface paths {',
  ]
  for (const [path, operations] of Object.entries(paths)) {
    if (!CONSOLE_PATHS.test(path)) continue
    lines.push(`  ${quoted(path)}: {`)
    for (const [method, operation] of Object.entries(operations)) lines.push(...operationLines(method, operation))
    lines.push('  }')
  }
  return `${[...lines, '}'].join('\n')}\n`
}

function operationLines(method: string, { parameters = [], requestBody, responses }: Operation): string[] {
  const lines = [`    ${method}: {`, '      parameters: {']
  for (const place of ['query', 'path', 'header']) {
    const those = parameters.filter(parameter => parameter.in === place)
    const optional = those.some(({ required }) => required === true) ? '' : '?'
    // An undefined value in a query is left out by the client, so callers may pass one.
    const members = those.map(({ name, required, schema }) =>
      required === true ? `${quoted(name)}: ${typeOf(schema)}` : `${quoted(name)}?: ${typeOf(schema)} | undefined`,
    )
    lines.push(`        ${place}${those.length === 0 ? '?: never' : `${optional}: { ${members.join('; ')} }`}`)
  }
  lines.push('        cookie?: never', '      }')
  if (requestBody === undefined) lines.push('      requestBody?: never')
  else
    lines.push(
      `      requestBody${requestBody.required === true ? '' : '?'}: { content: ${contentType(requestBody.content)} }`,
    )
  lines.push('      responses: {')
  for (const [status, { content }] of Object.entries(responses)) {
    const body = content === undefined ? 'content?: never' : `content: ${contentType(content)}`
    lines.push(`        ${status}: { headers: { [name: string]: unknown }; ${body} }`)
  }
  return [...lines, '      }', '    }']
}

const contentType = (content: Content): string =>
  `{ ${Object.entries(content)
    .map(([type, { schema = {} }]) => `${quoted(type)}: ${typeOf(schema)}`)
    .join('; ')} }`

const quoted = (text: string): string => (/^[A-Za-z_]\w*$/.test(text) ? text : `'${text}'`)

const literal = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value))

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return `components['schemas']['${schema.$ref.split('/').at(-1)}']`
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return choices.map(typeOf).join(' | ')
  if (schema.allOf !== undefined) return schema.allOf.map(typeOf).join(' & ')
  return [schema.type ?? 'unknown']
    .flat()
    .map(type => namedType(type, schema))
    .join(' | ')
}

function namedType(type: string, schema: Schema): string {
  if (type === 'integer') return 'number'
  if (type === 'array') return `(${typeOf(schema.items ?? {})})[]`
  if (type !== 'object') return type
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, property]) => `${quoted(name)}${schema.required?.includes(name) ? '' : '?'}: ${typeOf(property)}`,
  )
  const { additionalProperties } = schema
  if (typeof additionalProperties === 'object') members.push(`[name: string]: ${typeOf(additionalProperties)}`)
  return members.length === 0 ? 'Record<string, never>' : `{ ${members.join('; ')} }`
}
