/** One answer of the server and what it tells the operator. The device sees `connack` or `mqtt5` and nothing else. */
export interface Reason {
  /** What happened, one sentence. */
  en: string
  zh: string
  /** CONNACK return code (MQTT 3.1, 3.1.1), or null where none is sent: the connection closes, or is already up. */
  connack: 0 | 1 | 2 | 3 | 4 | null
  /** MQTT 5 reason code of the CONNACK, DISCONNECT, PUBACK or SUBACK. */
  mqtt5: number
  /** HTTP status where the HTTP API answers with this reason. */
  http: number
  /** Whether the device may succeed by trying again with nothing changed. */
  retryable: boolean
  /** What to do about it, one sentence. */
  fixEn: string
  fixZh: string
}

// Code 5 is missing on purpose: the fielded C SDKs don't know it.
export const ACCEPTED = { connack: 0, mqtt5: 0x00, http: 200, retryable: false } as const
export const VERSION_REFUSED = { connack: 1, mqtt5: 0x84, http: 400, retryable: false } as const
export const MALFORMED = { connack: 2, mqtt5: 0x85, http: 400, retryable: false } as const
export const UNAVAILABLE = { connack: 3, mqtt5: 0x88, http: 503, retryable: true } as const
export const OVER_LIMIT = { connack: 3, mqtt5: 0x97, http: 429, retryable: true } as const
export const OVER_RATE = { connack: 3, mqtt5: 0x9f, http: 429, retryable: true } as const
export const NOT_VERIFIED = { connack: 4, mqtt5: 0x86, http: 403, retryable: false } as const
