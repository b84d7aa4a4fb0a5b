/** The database can't be reached, is too slow, or is closing. `retryable` by nature. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
  readonly reason: 'store-unavailable' | 'store-slow'
  constructor(message: string, reason: 'store-unavailable' | 'store-slow' = 'store-unavailable', cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}
