import { type ReasonCode, reason } from '@hatchway/protocol'
import { Type } from 'typebox'
import { text } from './schemas.ts'

export interface ProblemOptions {
  /** What is wrong in this very request, one sentence; without it the reason's own sentence. */
  detail?: string
  /** The field, query parameter or header at fault. */
  field?: string
  /** What to do about it, one sentence; without it the reason's own advice. */
  fix?: string
  /** Only where the place of the fault asks for another status than the reason's, such as 400 for a path. */
  status?: number
  headers?: Readonly<Record<string, string>>
  /** Members of this reply beyond those that every problem has. */
  members?: Readonly<Record<string, unknown>>
  cause?: unknown
}

/** Thrown wherever a request ends without its result; the error handler makes the reply. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ReasonCode
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly members: Readonly<Record<string, unknown>>
  readonly field: string | undefined
  readonly fix: string

  constructor(code: ReasonCode, options: ProblemOptions = {}) {
    super(options.detail ?? reason(code).en, { cause: options.cause })
    this.code = code
    this.status = options.status ?? reason(code).http
    this.headers = options.headers ?? {}
    this.members = options.members ?? {}
    this.field = options.field
    this.fix = options.fix ?? reason(code).fixEn
  }
}

export const productNotFound = (field = 'productKey'): Problem => new Problem('product-not-found', { field })
export const deviceNotFound = (): Problem => new Problem('device-not-found', { field: 'deviceName' })

/** RFC 9457. */
export const ProblemDocument = Type.Object(
  {
    type: text('urn:hatchway:reason:{code}'),
    title: text('What the reason code means'),
    status: Type.Integer({ description: 'The HTTP status once more' }),
    detail: text('What is wrong with this very request'),
    code: text('Reason code, out of one closed list'),
    field: Type.Optional(text('The field, query parameter or header at fault')),
    fix: text('What to do about it'),
  },
  { $id: 'Problem', description: 'Why a request has no result (RFC 9457)' },
)
export type ProblemDocument = Type.Static<typeof ProblemDocument>

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

export function problemDocument(problem: Problem): ProblemDocument {
  return {
    type: `urn:hatchway:reason:${problem.code}`,
    title: reason(problem.code).en,
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    ...(problem.field === undefined ? {} : { field: problem.field }),
    fix: problem.fix,
    ...problem.members,
  }
}
