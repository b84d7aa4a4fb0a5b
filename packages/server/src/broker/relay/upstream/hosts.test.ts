import { expect, it } from 'vitest'
import { firstRestMs, longestRestMs, type UpstreamHost, UpstreamHosts } from './hosts.ts'

let now = 0
const nobody: ReadonlySet<UpstreamHost> = new Set()

function hostsOf(count: number): UpstreamHosts {
  now = 1_000_000
  const hosts = Array.from({ length: count }, (_, at) => ({ host: `h${at}`, port: 1883 }))
  return new UpstreamHosts({ isTls: false, userName: undefined, password: undefined, hosts }, () => now)
}

function takeGood(hosts: UpstreamHosts): string | undefined {
  const host = hosts.take(nobody)
  if (host !== undefined) hosts.succeeded(host)
  return host?.name
}

function fail(hosts: UpstreamHosts, name: string): void {
  const others = new Set(hosts.all.filter(host => host.name !== name))
  const host = hosts.take(others, true)
  if (host !== undefined) hosts.failed(host)
}

it('gives each host the same number of connections, one that comes back its share first', () => {
  const hosts = hostsOf(3)
  for (let count = 0; count < 9; count++) takeGood(hosts)
  expect(hosts.all.map(({ connections }) => connections)).toEqual([3, 3, 3])
  const [first] = hosts.all
  for (let count = 0; count < 3; count++) if (first !== undefined) hosts.closed(first)
  expect([1, 2, 3].map(() => takeGood(hosts))).toEqual(['h0:1883', 'h0:1883', 'h0:1883'])
})

it('lets a host that failed rest, twice as long each time up to a limit, and forgets that when it answers', () => {
  const hosts = hostsOf(2)
  let restMs = firstRestMs
  for (let failures = 1; failures <= 10; failures++) {
    fail(hosts, 'h0:1883')
    now += restMs - 1
    expect(takeGood(hosts)).toBe('h1:1883')
    now += 1
    restMs = Math.min(restMs * 2, longestRestMs)
  }
  expect(hosts.figures()).toMatchObject({ 'h0:1883': { reachable: false, failures: 10, connections: 0 } })
  expect(takeGood(hosts)).toBe('h0:1883')
  fail(hosts, 'h0:1883')
  now += firstRestMs
  expect(takeGood(hosts)).toBe('h0:1883')
})

it('has one connection try a host that has rested, while the others go elsewhere', () => {
  const hosts = hostsOf(2)
  fail(hosts, 'h0:1883')
  expect(takeGood(hosts)).toBe('h1:1883')
  now += firstRestMs
  const trial = hosts.take(nobody)
  expect([trial?.name, takeGood(hosts), takeGood(hosts)]).toEqual(['h0:1883', 'h1:1883', 'h1:1883'])
  if (trial !== undefined) hosts.released(trial)
  expect(takeGood(hosts)).toBe('h0:1883')
})

it('counts failures of connections that were on their way together as one', () => {
  const hosts = hostsOf(1)
  const taken = [hosts.take(nobody), hosts.take(nobody), hosts.take(nobody)]
  for (const host of taken) if (host !== undefined) hosts.failed(host)
  now += firstRestMs
  expect(takeGood(hosts)).toBe('h0:1883')
})

it('gives nothing while all rest, but to who insists: the one that has rested longest', () => {
  const hosts = hostsOf(2)
  fail(hosts, 'h1:1883')
  now += 10
  fail(hosts, 'h0:1883')
  expect(hosts.take(nobody)).toBeUndefined()
  expect(hosts.take(nobody, true)?.name).toBe('h1:1883')
})
