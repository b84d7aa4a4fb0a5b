import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { backoffMs, DEFAULT_RETRY } from './backoff.ts'
import type { CredentialStore, Credentials } from './credentials.ts'
import { type EnsureRegisteredOptions, ensureRegistered, startDevice } from './ensure-registered.ts'
import { RegistrationRefused } from './errors.ts'
import { type Answer, type FakePlatform, makeCertificate, startFakePlatform } from './testing/fake-platform.ts'

let tls: { cert: string; key: string }
beforeAll(async () => {
  tls = await makeCertificate()
})
const opened: FakePlatform[] = []
afterEach(async () => {
  for (const platform of opened.splice(0)) await platform.close()
})

const pushed: Answer = {
  kind: 'push',
  topic: '/ext/register',
  payload: '{"productKey":"pk1","deviceName":"dev1","deviceSecret":"fresh"}',
}
const fresh: Credentials = { mode: 'register', productKey: 'pk1', deviceName: 'dev1', deviceSecret: 'fresh' }
const later: Answer = { kind: 'refuse', code: 3 }

const start = async (
  answers: Answer[],
  saved?: Credentials,
): Promise<{
  fake: FakePlatform
  options: EnsureRegisteredOptions
  waits: number[]
  kept: () => Credentials | undefined
}> => {
  const fake = await startFakePlatform({ answers, tls })
  opened.push(fake)
  let kept = saved
  const waits: number[] = []
  const store: CredentialStore = {
    load: async () => kept,
    save: async credentials => {
      kept = credentials
    },
  }
  const options: EnsureRegisteredOptions = {
    ...{ url: fake.url, ca: fake.ca, productKey: 'pk1', productSecret: 'ps', deviceName: 'dev1', mode: 'register' },
    store,
    wait: async ms => {
      waits.push(ms)
    },
  }
  return { fake, options, waits, kept: () => kept }
}

describe('ensureRegistered', () => {
  it('registers once and saves', async () => {
    const { fake, options, kept } = await start([pushed])
    expect(await ensureRegistered(options)).toEqual(fresh)
    expect(kept()).toEqual(fresh)
    expect(await ensureRegistered(options)).toEqual(fresh)
    expect(fake.connects).toHaveLength(1)
  })

  it('never hands out credentials that were not saved', async () => {
    const { options } = await start([pushed])
    const store = { ...options.store, save: () => Promise.reject(new Error('disk full')) }
    await expect(ensureRegistered({ ...options, store })).rejects.toThrow('disk full')
  })

  it('waits longer and longer while the server says later', async () => {
    const { fake, options, waits } = await start([later, later, later, pushed])
    expect(await ensureRegistered({ ...options, retry: { baseMs: 100, maxMs: 300 } })).toEqual(fresh)
    expect(fake.connects).toHaveLength(4)
    const longest = [100, 200, 300]
    for (const [index, waitMs] of waits.entries()) {
      expect(waitMs).toBeGreaterThanOrEqual((longest[index] ?? 0) / 2)
      expect(waitMs).toBeLessThanOrEqual(longest[index] ?? 0)
    }
    expect(waits).toHaveLength(3)
  })

  it('gives up after the last attempt', async () => {
    const { fake, options, waits } = await start([later])
    const told: number[] = []
    const onRetry = (retry: { attempt: number }): unknown => told.push(retry.attempt)
    const failed = ensureRegistered({ ...options, retry: { attempts: 3 }, onRetry })
    await expect(failed).rejects.toBeInstanceOf(RegistrationRefused)
    expect(fake.connects).toHaveLength(3)
    expect(waits).toHaveLength(2)
    expect(told).toEqual([1, 2])
  })

  it('does not repeat what only an operator can mend', async () => {
    const { fake, options, waits } = await start([{ kind: 'refuse', code: 4 }])
    await expect(ensureRegistered(options)).rejects.toMatchObject({ code: 4 })
    expect(fake.connects).toHaveLength(1)
    expect(waits).toEqual([])
  })

  it('stops waiting when it is aborted', async () => {
    const { options } = await start([later])
    const stop = new AbortController()
    const { wait: _, ...real } = options
    const failed = ensureRegistered({ ...real, signal: stop.signal, onRetry: () => stop.abort() })
    await expect(failed).rejects.toThrow('stopped')
  })
})

describe('startDevice', () => {
  it('registers on the first boot and logs in with what was saved', async () => {
    const { fake, options } = await start([pushed, { kind: 'accept' }])
    const client = await startDevice(options)
    expect(fake.connects.map(connect => connect.clientId.includes('authType'))).toEqual([true, false])
    await client.endAsync()
  })

  it('only logs in on later boots', async () => {
    const { fake, options } = await start([{ kind: 'accept' }], fresh)
    const client = await startDevice({ ...options, mqtt: { keepalive: 300 } })
    expect(fake.connects).toHaveLength(1)
    expect(fake.connects[0]).toMatchObject({ clientId: 'pk1.dev1|securemode=2,signmethod=hmacsha256|', keepalive: 300 })
    await client.endAsync()
  })
})

describe('backoffMs', () => {
  it.each([
    [1, 0, 1000],
    [1, 1, 2000],
    [4, 1, 16_000],
    [9, 1, 300_000],
    [10_000, 1, 300_000],
  ])('waits after attempt %i with random %d for %i ms', (attempt, random, waitMs) => {
    expect(backoffMs(DEFAULT_RETRY, attempt, random)).toBe(waitMs)
  })
})
