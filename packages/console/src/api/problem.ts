import type { components } from './schema.ts'

type ProblemDocument = components['schemas']['Problem']

/** The server said no: a problem document (RFC 9457) as an error. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly code: string
  readonly field: string | undefined
  readonly fix: string
  /** Members beyond the standard ones, such as `setup` of "not-signed-in". */
  readonly document: Readonly<Record<string, unknown>>

  constructor(document: ProblemDocument) {
    super(document.detail)
    this.status = document.status
    this.code = document.code
    this.field = document.field
    this.fix = document.fix
    this.document = document
  }
}

/** No answer at all, or none that the server's API would give. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

export const isProblem = (error: unknown, code: string): boolean => error instanceof ApiProblem && error.code === code

export function problemOf(body: unknown, status: number): Error {
  if (typeof body === 'object' && body !== null && 'code' in body && 'detail' in body) {
    return new ApiProblem(body as ProblemDocument)
  }
  return new Unreachable(`HTTP ${status}`)
}
