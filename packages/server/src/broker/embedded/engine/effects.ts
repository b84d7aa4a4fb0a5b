import type { ReasonCode } from '@hatchway/protocol'
import type { Packet } from '../../../mqtt/index.ts'
import type { SubscriptionOptions } from '../topic-tree.ts'
import type { Entry } from './entry.ts'

/** What the session engine wants done, in this order. The edge does it; the engine itself touches nothing. */
export type Effect<Message = never> =
  | { readonly do: 'send'; readonly packet: Packet }
  | { readonly do: 'subscribe'; readonly filter: string; readonly options: SubscriptionOptions }
  | { readonly do: 'unsubscribe'; readonly filter: string }
  /** Send the retained messages that match, only those behind the topic `after` if an earlier connection came so far. */
  | {
      readonly do: 'retained'
      readonly filter: string
      readonly options: SubscriptionOptions
      readonly after?: string | undefined
    }
  /** The window has room again: send what is queued. */
  | { readonly do: 'pump' }
  /** The client has the message for good. */
  | { readonly do: 'settled'; readonly entry: Entry<Message> }
  /** PUBREC came for the message. */
  | { readonly do: 'released'; readonly entry: Entry<Message> }
  /** PUBREL came for a message of the client. */
  | { readonly do: 'forgotten'; readonly packetId: number }
  | { readonly do: 'incident'; readonly reason: ReasonCode; readonly topic: string; readonly problem: string }
  | Close

/** Ends the connection. An MQTT 5 client is sent DISCONNECT with `reasonCode` first, if there is one. */
export interface Close {
  readonly do: 'close'
  readonly reason: ReasonCode | 'client-disconnected'
  readonly reasonCode: number | undefined
  readonly problem: string | undefined
  /** The client said goodbye in good order: its will is not published. [MQTT-3.14.4-3] */
  readonly discardsWill: boolean
}

export const nothing: readonly Effect[] = []
export const pump: readonly Effect[] = [{ do: 'pump' }]

/** An end that the server makes. The will is published. [MQTT-3.1.2-8] */
export function failure(reason: ReasonCode, reasonCode: number | undefined, problem?: string): Close {
  return { do: 'close', reason, reasonCode, problem, discardsWill: false }
}

/** The client did what MQTT does not allow at this point. [MQTT-4.13.1-1] */
export function protocolError(problem: string): readonly Effect[] {
  return [failure('protocol-error', 0x82, problem)]
}
