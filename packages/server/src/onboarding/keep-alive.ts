import type { Product } from '../registry/types.ts'
import { type Attempt, type Refusal, refuse } from './attempt.ts'
import { sentences } from './sentences.ts'

/** What the LinkKit protocol allows a device, in seconds. */
export const minKeepAliveSeconds = 30
export const maxKeepAliveSeconds = 1200

export interface KeepAlive {
  keepAliveSeconds: number
  keepAliveChanged: boolean
}

/**
 * The Keep Alive in force for a device's login. More than 1200 s is shortened. Less than 30 s is refused by a strict
 * product and taken as it is by a lenient one; so is 0, which in MQTT means that the client wants none [MQTT-3.1.2-22].
 */
export const decideKeepAlive = (
  product: Pick<Product, 'strictKeepAlive'>,
  attempt: Pick<Attempt, 'keepAliveSeconds' | 'trace'>,
): KeepAlive | Refusal => {
  const { keepAliveSeconds, trace } = attempt
  if (product.strictKeepAlive && keepAliveSeconds < minKeepAliveSeconds) {
    return refuse('keep-alive', 'keep-alive-refused', { keepAliveSeconds })
  }
  if (keepAliveSeconds > maxKeepAliveSeconds) {
    trace?.passed('keep-alive', sentences.keepAliveClamped(keepAliveSeconds, maxKeepAliveSeconds))
    return { keepAliveSeconds: maxKeepAliveSeconds, keepAliveChanged: true }
  }
  trace?.passed('keep-alive', sentences.keepAliveKept(keepAliveSeconds))
  return { keepAliveSeconds, keepAliveChanged: false }
}
