import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from './config.ts'
import { configOptions } from './options.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'hatchway-config-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

const load = (given: { flags?: Record<string, unknown>; env?: Record<string, string>; file?: unknown } = {}) => {
  if (given.file !== undefined)
    writeFileSync(
      join(cwd, 'hatchway.config.json'),
      typeof given.file === 'string' ? given.file : JSON.stringify(given.file),
    )
  return loadConfig({ flags: given.flags ?? {}, env: given.env ?? {}, cwd })
}
const complaint = (given: Parameters<typeof load>[0]): string => {
  try {
    load(given)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message.replace(cwd, '.')
  }
  throw new Error('the configuration was accepted')
}

describe('configuration', () => {
  it('has the documented defaults', () => {
    expect(load()).toMatchObject({
      dataDir: './hatchway-data',
      mqttPort: [1883],
      httpPort: 8080,
      mqttHost: '0.0.0.0',
      httpHost: '127.0.0.1',
      adminToken: null,
      tlsLegacyCiphers: true,
      connectTimeoutMs: 10_000,
      registrationTimeoutMs: 15_000,
      connectsPerMinute: 30,
    })
  })

  it('takes a flag before the environment, the environment before the file, the file before the default', () => {
    const file = { mqttPort: 1, httpPort: 1, connectsPerMinute: 7 }
    const env = { HATCHWAY_MQTT_PORT: '2', HATCHWAY_HTTP_PORT: '2' }
    expect(load({ file, env, flags: { mqttPort: '3,4' } })).toMatchObject({
      mqttPort: [3, 4],
      httpPort: 2,
      connectsPerMinute: 7,
    })
  })

  it.each([
    [{ HATCHWAY_MQTT_PORT: [1883, 443] }],
    [{ 'mqtt-port': '1883,443' }],
    [{ mqttPort: [1883, 443] }],
    [{ mqtt: { port: [1883, 443] } }],
  ])('knows a setting in the file by any of its spellings: %j', file => {
    expect(load({ file }).mqttPort).toEqual([1883, 443])
  })

  it('takes some of the MQTT ports for load balancers that are named', () => {
    const env = {
      HATCHWAY_MQTT_PORT: '1883,8883,11883',
      HATCHWAY_PROXY_PROTOCOL_PORTS: '11883,8883',
      HATCHWAY_PROXY_PROTOCOL_TRUSTED: '10.0.0.5,2001:db8::/64',
    }
    const read = { proxyProtocolPorts: [11883, 8883], proxyProtocolTrusted: ['10.0.0.5', '2001:db8::/64'] }
    expect(load({ env })).toMatchObject(read)
  })

  it('lets brokers ask without a key from this machine, from the addresses that are named, or from nowhere', () => {
    expect(load().brokerAuthAddresses).toEqual(['127.0.0.0/8', '::1'])
    const addresses = (value: string) => load({ env: { HATCHWAY_BROKER_AUTH_ADDRESSES: value } }).brokerAuthAddresses
    expect(addresses('10.0.0.5,2001:db8::/64')).toEqual(['10.0.0.5', '2001:db8::/64'])
    expect(addresses('none')).toEqual([])
  })

  it('takes a provider of single sign-on, with the roles that its claims give', () => {
    const env = {
      HATCHWAY_OIDC_ISSUER: 'https://id.example.com/realms/main',
      HATCHWAY_OIDC_CLIENT_ID: 'hatchway',
      HATCHWAY_OIDC_ROLES: 'admin=a=b,viewer=*',
    }
    expect(load({ env })).toMatchObject({
      oidcIssuer: 'https://id.example.com/realms/main',
      oidcRoles: [
        { role: 'admin', value: 'a=b' },
        { role: 'viewer', value: '*' },
      ],
    })
  })

  it('reads tls.legacyCiphers as a nested key', () => {
    expect(load({ file: { tls: { legacyCiphers: false } } }).tlsLegacyCiphers).toBe(false)
  })

  it('ignores what container platforms and the client put into the environment', () => {
    const env = {
      HATCHWAY_PORT: 'tcp://10.0.0.1:1883',
      HATCHWAY_SERVICE_HOST: '10.0.0.1',
      HATCHWAY_PORT_1883_TCP: 'x',
      HATCHWAY_SERVER: 'http://x',
    }
    expect(load({ env }).mqttPort).toEqual([1883])
  })

  it.each([
    [{ env: { HATCHWAY_MQTT_PROT: '1' } }, 'HATCHWAY_MQTT_PROT: there is no such setting'],
    [{ file: { mqtPort: 1 } }, 'there is no setting "mqtPort"'],
    [{ flags: { nope: 1 } }, '--nope: there is no such setting'],
    [
      { env: { HATCHWAY_MQTT_PORT: '70000' } },
      'HATCHWAY_MQTT_PORT: "70000" is out of range; give a number from 0 to 65535.',
    ],
    [
      { env: { HATCHWAY_MQTT_PORT: '1883,,443' } },
      'HATCHWAY_MQTT_PORT: "1883,,443" has an item "" that is not a whole number',
    ],
    [{ env: { HATCHWAY_OIDC_ISSUER: 'http://id.example.com' } }, 'is no https address; give the issuer'],
    [{ env: { HATCHWAY_OIDC_ROLES: 'root=x' } }, 'maps no role; give one such as admin='],
    [
      { env: { HATCHWAY_OIDC_ISSUER: 'https://id.example.com', HATCHWAY_OIDC_CLIENT_ID: 'x' } },
      'HATCHWAY_OIDC_ISSUER is set without HATCHWAY_OIDC_ROLES; give both, or neither.',
    ],
    [{ flags: { httpHost: 'a b' } }, '--http-host: "a b" is neither an IP address nor a host name'],
    [{ env: { HATCHWAY_TLS_LEGACY_CIPHERS: 'maybe' } }, 'is neither on nor off; give true or false.'],
    [{ env: { HATCHWAY_INSTANCE_ID: 'a|b' } }, 'HATCHWAY_INSTANCE_ID: "a|b" has the wrong form'],
    [
      { env: { HATCHWAY_DATABASE_URL: 'mysql://user@db/hatchway' } },
      'HATCHWAY_DATABASE_URL: the value is no URL of PostgreSQL; give one such as postgres://user:password@',
    ],
    [{ env: { HATCHWAY_DATABASE_URL: 'postgres:///hatchway' } }, 'HATCHWAY_DATABASE_URL: the value names no host;'],
    [{ env: { HATCHWAY_DATABASE_URL: 'postgres://user@db' } }, 'HATCHWAY_DATABASE_URL: the value names no database;'],
    [{ env: { HATCHWAY_DATABASE_URL: 'postgres://u:100%@db/h' } }, 'HATCHWAY_DATABASE_URL: the value has a % that'],
    [
      { env: { HATCHWAY_UPSTREAM_URL: 'mqtt://u:s3cret@' } },
      'HATCHWAY_UPSTREAM_URL: the value has a host that is neither',
    ],
    [
      { env: { HATCHWAY_UPSTREAM_TLS_CA: 'ca.pem' } },
      'HATCHWAY_UPSTREAM_TLS_CA is set and HATCHWAY_UPSTREAM_URL is no',
    ],
    [{ env: { HATCHWAY_TLS_CERT: 'a.pem' } }, 'HATCHWAY_TLS_CERT names 1 file(s) and HATCHWAY_TLS_KEY 0'],
    [{ env: { HATCHWAY_HTTP_TRUSTED_PROXIES: '10.0.0.0/33' } }, 'is neither an IP address nor a network'],
    [
      { env: { HATCHWAY_PROXY_PROTOCOL_PORTS: '1884', HATCHWAY_PROXY_PROTOCOL_TRUSTED: '10.0.0.5' } },
      'HATCHWAY_PROXY_PROTOCOL_PORTS names 1884, which HATCHWAY_MQTT_PORT (1883) does not; give ports that stand in both.',
    ],
    [
      { env: { HATCHWAY_PROXY_PROTOCOL_PORTS: '1883' } },
      'HATCHWAY_PROXY_PROTOCOL_PORTS is set without HATCHWAY_PROXY_PROTOCOL_TRUSTED; name there the addresses',
    ],
    [
      { env: { HATCHWAY_PROXY_PROTOCOL_TRUSTED: '10.0.0.0/8' } },
      'HATCHWAY_PROXY_PROTOCOL_TRUSTED is set without HATCHWAY_PROXY_PROTOCOL_PORTS; name there the MQTT ports',
    ],
    [{ env: { HATCHWAY_PROXY_PROTOCOL_TRUSTED: 'lb.example.com' } }, 'is neither an IP address nor a network'],
    [{ env: { HATCHWAY_DRAIN_DELAY_MS: '300001' } }, 'is out of range; give a number from 0 to 300000.'],
    [{ env: { HATCHWAY_BROKER_AUTH_ADDRESSES: 'localhost' } }, 'is neither an IP address nor a network'],
    [{ env: { HATCHWAY_BROKER_AUTH_CLIENT_IDS: 'all' } }, 'give one of own, any.'],
    [{ env: { HATCHWAY_LOG_LEVEL: 'loud' } }, 'give one of debug, info, warn, error, silent.'],
    [{ file: '{' }, 'not valid JSON'],
    [{ file: '[]' }, 'must hold one JSON object'],
    [{ flags: { config: 'absent.json' } }, "absent.json: the config file can't be read (ENOENT)"],
  ])('stops at %j with one clear sentence', (given, sentence) => {
    expect(complaint(given)).toContain(sentence)
  })

  it('never repeats a secret in a complaint', () => {
    expect(complaint({ env: { HATCHWAY_ADMIN_TOKEN: 'with a space' } })).toBe(
      'HATCHWAY_ADMIN_TOKEN: the value has the wrong form; give up to 256 visible ASCII characters, 16 at least where others reach the API.',
    )
  })

  it('lists every setting with its flag and variable', () => {
    expect(configOptions).toContainEqual(
      expect.objectContaining({
        name: 'tlsLegacyCiphers',
        env: 'HATCHWAY_TLS_LEGACY_CIPHERS',
        flag: '--tls-legacy-ciphers',
      }),
    )
  })
})
