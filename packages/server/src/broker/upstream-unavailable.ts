/** The MQTT cluster can't be reached, or did not take a message in time. `retryable` by nature. */
export class UpstreamUnavailable extends Error {
  override readonly name = 'UpstreamUnavailable'
  readonly reason = 'upstream-unavailable'
}
