/** The calls that a database thread answers, by name. Arguments and results travel as JSON, `bytes` as they are. */
export type CallMap = Record<string, (argument: never, bytes?: Uint8Array) => unknown>

/** A call: name, argument, and the bytes that it came with. */
export type Call = readonly [name: string, argument: unknown, bytes?: Uint8Array | undefined]

/** Calls as they travel: name and argument of each as JSON text, and the bytes of those that have some, by their place. */
export type CallMessage = string | { readonly calls: string; readonly bytes: ReadonlyMap<number, Uint8Array> }

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
