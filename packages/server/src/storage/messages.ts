/** The calls that a database thread answers, by name. Arguments and results travel as JSON. */
export type CallMap = Record<string, (argument: never) => unknown>

/** A call as it travels: name and argument. */
export type Call = readonly [name: string, argument: unknown]

/** Why a call failed. `kind` is `failed`, one of the storage's own two, or one that the thread's owner has added. */
export interface Failure {
  readonly error: string
  readonly kind: string
  readonly reason?: string
}

/** One call's answer. `undefined` leaves `value` out. */
export type Reply = { readonly value?: unknown } | Failure

/** What a thread says beside its answers, which are `Reply[]` as JSON text. */
export type ThreadNotice = { kind: 'ready' } | { kind: 'unusable'; message: string }
