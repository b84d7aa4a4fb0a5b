import { createHash } from 'node:crypto'
import type { ConnectCredentials } from '@hatchway/protocol'
import type { Connect } from '../mqtt/index.ts'
import type { Admission, Onboarding, OnboardingSettings, Peer } from './admission.ts'
import { createOnboarding } from './admit.ts'
import { createMemoryRegistry, type MemoryRegistry } from './memory-registry.suite.ts'
import { rules } from './rules.ts'

export const overTls: Peer = { address: '10.0.0.7', transport: 'tls', tlsVersion: 'TLSv1.2', tlsCipher: 'AES256-SHA' }
export const over = (transport: Peer['transport']): Peer => ({ ...overTls, transport })

/** An onboarding over a registry in memory, with a clock and a source of randomness that the test holds. */
export interface Bench {
  registry: MemoryRegistry
  onboarding: Onboarding
  now: number
  errors: unknown[]
  admit(credentials: Partial<ConnectCredentials>, change?: Partial<Connect>, peer?: Peer): Promise<Admission>
}

export function openBench(settings: Partial<OnboardingSettings> = {}): Bench {
  const registry = createMemoryRegistry(rules)
  let drawn = 0
  const random = (sizeBytes: number): Uint8Array =>
    createHash('shake128', { outputLength: sizeBytes }).update(String(drawn++)).digest()
  const errors: unknown[] = []
  const bench: Bench = {
    registry,
    errors,
    now: 1_800_000_000_000,
    onboarding: createOnboarding({
      registry,
      clock: () => bench.now,
      random,
      settings: { instanceId: null, connectsPerMinute: 30, ...settings },
      onError: error => errors.push(error),
    }),
    admit: (credentials, change = {}, peer = overTls) => bench.onboarding.admit(connectOf(credentials, change), peer),
  }
  return bench
}

export const connectOf = (credentials: Partial<ConnectCredentials>, change: Partial<Connect> = {}): Connect => ({
  type: 'connect',
  protocolLevel: 4,
  cleanStart: true,
  keepAliveSeconds: 60,
  clientId: credentials.clientId ?? '',
  userName: credentials.userName,
  password: credentials.password === undefined ? undefined : Buffer.from(credentials.password),
  ...change,
})

/** What a registered device was sent. Throws for any other answer. */
export const pushOf = (admission: Admission): { topic: string; fields: Record<string, string> } => {
  if (admission.kind !== 'registered') throw new Error(`not registered but ${JSON.stringify(admission)}`)
  return { topic: admission.push.topic, fields: JSON.parse(admission.push.payload) }
}

export const refusedWith = (reason: string): unknown => ({ kind: 'refused', reason })
