import type { Problem } from '../problem.ts'

export type BrokerName = 'emqx' | 'rabbitmq' | 'mosquitto-go-auth' | 'vernemq'

/** A broker’s request, its body read. */
export interface BrokerRequest {
  /** The address after the broker’s name, '' without one. */
  part: string
  /** The header `vernemq-hook`. */
  hook: string | undefined
  isForm: boolean
  body: Readonly<Record<string, unknown>>
  query: BrokerQuery
}

/** What the operator states in the address that the broker is given. Never a secret. */
export interface BrokerQuery {
  transport?: 'tls' | 'tcp'
  vhost?: string
  exchange?: string
}

export interface LoginQuestion {
  kind: 'login'
  clientId: string | undefined
  userName: string | undefined
  password: string | undefined
  /** Of the client, where the broker tells it. */
  address: string | undefined
}

export interface AccessQuestion {
  kind: 'access'
  userName: string | undefined
  action: 'publish' | 'subscribe'
  /** Topics, or topic filters where it is about a subscription. */
  topics: readonly string[]
  address: string | undefined
}

/** What the form of the question answers alone: a superuser, a virtual host, a queue. */
export interface SettledQuestion {
  kind: 'settled'
  isAllowed: boolean
}

export type Question = LoginQuestion | AccessQuestion | SettledQuestion

export interface Answer {
  isAllowed: boolean
  /** For an AccessQuestion: of each of its topics. */
  topics?: readonly boolean[]
  /** For the broker’s own log. */
  reason?: string
  isRetryable?: boolean
}

export interface BrokerReply {
  status: number
  /** Text as it is; anything else as JSON. */
  body: string | object
}

/** One broker’s way to ask and to be answered. */
export interface BrokerAdapter {
  /** Parts of its address after its name; '' where it has a single address. */
  readonly parts: readonly string[]
  /**
   * @throws Problem for a request that is not of this broker’s shape
   */
  read(request: BrokerRequest): Question
  reply(answer: Answer, request: BrokerRequest): BrokerReply
  /** No, in the broker’s own form, to a request that could not be read or whose sender is not let in. */
  refuse(problem: Problem, isForm: boolean): BrokerReply
}
