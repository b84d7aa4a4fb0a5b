import { backoffMs, DEFAULT_RETRY, type RetryPolicy } from './backoff.ts'
import { type ConnectOptions, connectDevice } from './connect.ts'
import type { CredentialStore, Credentials } from './credentials.ts'
import { ConnectionFailed, Refused } from './errors.ts'
import { type RegisterOptions, register } from './register.ts'

export interface RetryOptions {
  /** Default: 10 tries, waits of about 2 s doubling up to 5 min. */
  retry?: Partial<RetryPolicy>
  /** Told before each wait. */
  onRetry?: (retry: { attempt: number; waitMs: number; error: Error }) => void
  signal?: AbortSignal
  /** For tests: waits, and rejects when the signal is aborted. */
  wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

export interface EnsureRegisteredOptions extends RegisterOptions, RetryOptions {
  store: CredentialStore
}

/**
 * The saved credentials; if there are none, registers, saves, and only then returns them. Tries again with growing
 * waits while the server says "later" or can't be reached; a refusal that only an operator can mend rejects at once.
 * Does not register anew when saved credentials stop working: that would be for an operator to allow.
 */
export async function ensureRegistered(options: EnsureRegisteredOptions): Promise<Credentials> {
  const saved = await options.store.load()
  if (saved !== undefined) return saved
  const { store, retry, onRetry, wait, ...registration } = options
  const credentials = await retrying(options, () => register(registration))
  await store.save(credentials)
  return credentials
}

export interface StartDeviceOptions extends EnsureRegisteredOptions {
  /** MQTT.js options of the connection that stays. */
  mqtt?: Omit<ConnectOptions, keyof RegisterOptions | 'credentials'>
}

/** A device's whole start: registered on the first boot, logged in with what was saved on each. */
export async function startDevice(options: StartDeviceOptions) {
  const credentials = await ensureRegistered(options)
  const { url, ca, rejectUnauthorized, timeoutMs, signal } = options
  return retrying(options, () =>
    connectDevice({
      ...options.mqtt,
      url,
      credentials,
      ...(ca === undefined ? {} : { ca }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    }),
  )
}

async function retrying<Result>(options: RetryOptions, attemptOnce: () => Promise<Result>): Promise<Result> {
  const policy = { ...DEFAULT_RETRY, ...options.retry }
  const wait = options.wait ?? waitFor
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce()
    } catch (error) {
      if (!isRetryable(error) || attempt >= policy.attempts) throw error
      const waitMs = backoffMs(policy, attempt, Math.random())
      options.onRetry?.({ attempt, waitMs, error })
      await wait(waitMs, options.signal)
    }
  }
}

function isRetryable(error: unknown): error is Refused | ConnectionFailed {
  return (error instanceof Refused || error instanceof ConnectionFailed) && error.retryable
}

function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(new ConnectionFailed('stopped', { retryable: false }))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}
