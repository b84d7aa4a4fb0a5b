import { type TSchema, Type } from 'typebox'

// The vocabulary of the API's schemas. Enumerations and nullable types are written the JSON Schema way, `enum` and a list of
// types, because generated clients and the reply serializer read these better than unions of constants.

export const text = (description: string) => Type.String({ description })

/** A text of a request: the length bounds also the work that is done on it. */
export const boundedText = (description: string, maxLength: number, minLength = 1) =>
  Type.String({ description, minLength, maxLength })

export const flag = (description: string) => Type.Boolean({ description })

export const count = (description: string) => Type.Integer({ description, minimum: 0 })

export const figures = (description: string) =>
  Type.Unsafe<Record<string, number>>({ type: 'object', additionalProperties: { type: 'integer' }, description })

export const wholeNumber = (description: string, minimum: number, maximum: number) =>
  Type.Integer({ description, minimum, maximum })

export const oneOf = <const Value extends string>(values: readonly Value[], description: string) =>
  Type.Unsafe<Value>({ type: 'string', enum: values, description })

export const nullable = {
  text: (description: string) => Type.Unsafe<string | null>({ type: ['string', 'null'], description }),
  integer: (description: string) => Type.Unsafe<number | null>({ type: ['integer', 'null'], description }),
  time: (description: string) =>
    Type.Unsafe<string | null>({ type: ['string', 'null'], description: `${description} (ISO 8601)` }),
}

export const time = (description: string) => Type.String({ description: `${description} (ISO 8601)` })

/** Points at a schema with an `$id`, which stands in the OpenAPI document once, under its name. */
export const ref = <Schema extends TSchema>(schema: Schema & { $id?: string }) =>
  Type.Unsafe<Type.Static<Schema>>({ $ref: `${schema.$id}#` })

/** A reply without a body. */
export const nothing = (description: string) => Type.Null({ description })

const PROBLEM_TEXT: Readonly<Record<number, string>> = {
  400: 'The request can not be read, or its path or query is not valid',
  401: 'No valid API key, or nobody is signed in',
  403: 'The caller’s role or products do not allow this, or the session may not come this way',
  404: 'There is no such thing, or the key does not cover it',
  409: 'In conflict with what exists',
  413: 'The body is too large',
  415: 'The Content-Type is not taken here',
  422: 'A field of the body is missing or not valid',
  429: 'A limit is reached',
  500: 'The server failed',
  504: 'The device did not answer in time',
  503: 'For the moment not available; Retry-After tells when to try again',
}

const problemReply = (status: number) => ({
  description: PROBLEM_TEXT[status] ?? 'Problem',
  content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
})

/** Problem replies for a route's schema. Typed as nothing, because handlers never return them: they throw. */
export const problems = (...statuses: readonly number[]): object =>
  Object.fromEntries(statuses.map(status => [status, problemReply(status)]))

/** Those of every route that needs a key, and the given ones. */
export const keyedProblems = (...statuses: readonly number[]): object => problems(400, 401, 403, ...statuses, 500, 503)

/** `{pk}`, `{dn}` and the like are names that exist or not; their syntax is judged where names are made. */
const pathName = (description: string) => boundedText(description, 200)
export const ProductPath = Type.Object({ pk: pathName('ProductKey') })
export const DevicePath = Type.Object({ pk: pathName('ProductKey'), dn: pathName('DeviceName, URL-encoded') })
export const ClientIdPath = Type.Object({
  pk: pathName('ProductKey'),
  dn: pathName('DeviceName, URL-encoded'),
  clientId: pathName('Issued ClientID'),
})

export const iso = (timeMs: number): string => new Date(timeMs).toISOString()
export const isoOrNull = (timeMs: number | null): string | null => (timeMs === null ? null : iso(timeMs))
