export type Version = '3.1.1' | '5.0'
export type Bound = 'server' | 'client' | 'both'

/** Why a statement that binds the server is held by no test. */
export interface Open {
  readonly kind: 'not testable' | 'does not arise' | 'left for later'
  readonly why: string
}

/** One normative statement of a version of MQTT, in our words. */
export interface Statement {
  /** `3.1.2-8` for [MQTT-3.1.2-8]. */
  readonly id: string
  readonly binds: Bound
  readonly asks: string
  readonly open: Open | undefined
  /** Of MQTT 3.1.1: MQTT 5.0 asks for the same under the same number. */
  readonly alike: boolean
}

const statement =
  (binds: Bound) =>
  (id: string, asks: string, open?: Open): Statement => ({ id, binds, asks, open, alike: false })

export const server = statement('server')
export const client: (id: string, asks: string) => Statement = statement('client')
export const both = statement('both')

export const notTestable = (why: string): Open => ({ kind: 'not testable', why })
/** The server never does what the statement limits. */
export const doesNotArise = (why: string): Open => ({ kind: 'does not arise', why })
export const leftForLater = (why: string): Open => ({ kind: 'left for later', why })
