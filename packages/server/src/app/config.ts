import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Config, environmentName, flagName, OPTIONS, type OptionName } from './options.ts'

/** A setting that stops the start; the message is one sentence that names it, its problem and the fix. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export interface ConfigSources {
  /** Flags as given, by option name (`mqttPort`), not yet checked. `config` names the config file. */
  flags: Readonly<Record<string, unknown>>
  env: Readonly<Record<string, string | undefined>>
  cwd: string
}

const CONFIG_FILE = 'hatchway.config.json'
/** Variables of the command line client, beside those of `serve`. */
const OTHER_VARIABLES = new Set(['HATCHWAY_CONFIG', 'HATCHWAY_SERVER', 'HATCHWAY_TOKEN', 'HATCHWAY_CA'])
/** Container platforms set these by themselves for a service called `hatchway`. */
const FOREIGN_VARIABLE = /^HATCHWAY_(SERVICE_|PORT(_\d|$)|(.*_)?SERVICE_(HOST|PORT))/

interface Given {
  value: unknown
  /** How the operator wrote it: a flag, a variable, a key of the file. */
  source: string
}

/**
 * Reads the configuration: flags before environment before file before defaults.
 *
 * @throws ConfigError for an unknown name or a bad value, wherever it stands
 */
export function loadConfig(sources: ConfigSources): Config {
  const given = new Map<OptionName, Given>()
  for (const [name, entry] of fromFile(sources)) given.set(name, entry)
  for (const [name, entry] of fromEnvironment(sources.env)) given.set(name, entry)
  for (const [name, entry] of fromFlags(sources.flags)) given.set(name, entry)
  const values: Partial<Record<OptionName, unknown>> = {}
  for (const name of Object.keys(OPTIONS) as OptionName[]) values[name] = checked(name, given.get(name))
  const config = values as Config // every name of OPTIONS was set by its own reader just above
  checkTogether(config)
  return config
}

function checked(name: OptionName, given: Given | undefined): unknown {
  const option = OPTIONS[name]
  if (given === undefined) return option.default
  const reading = option.read(given.value)
  if (reading.ok) return reading.value
  const shown = 'secret' in option ? 'the value' : JSON.stringify(given.value)
  throw new ConfigError(`${given.source}: ${shown} ${reading.problem}; ${reading.fix}.`)
}

function checkTogether(config: Config): void {
  checkSingleSignOn(config)
  checkProxyProtocol(config)
  checkUpstream(config)
  const certificates = config.tlsCert?.length ?? 0
  const keys = config.tlsKey?.length ?? 0
  if (certificates !== keys) {
    throw new ConfigError(
      `HATCHWAY_TLS_CERT names ${certificates} file(s) and HATCHWAY_TLS_KEY ${keys}; give one key file for each certificate file.`,
    )
  }
}

function checkUpstream({ upstreamUrl, upstreamTlsCa }: Config): void {
  if (upstreamTlsCa === null || upstreamUrl?.isTls === true) return
  throw new ConfigError(
    'HATCHWAY_UPSTREAM_TLS_CA is set and HATCHWAY_UPSTREAM_URL is no mqtts:// URL; correct the URL, or leave the file out.',
  )
}

function checkSingleSignOn({ oidcIssuer, oidcClientId, oidcRoles }: Config): void {
  if (oidcIssuer === null || (oidcClientId !== null && oidcRoles !== null)) return
  const missing = oidcClientId === null ? 'HATCHWAY_OIDC_CLIENT_ID' : 'HATCHWAY_OIDC_ROLES'
  throw new ConfigError(`HATCHWAY_OIDC_ISSUER is set without ${missing}; give both, or neither.`)
}

function checkProxyProtocol({ mqttPort, proxyProtocolPorts: ports, proxyProtocolTrusted: trusted }: Config): void {
  if (ports === null && trusted === null) return
  if (trusted === null) {
    throw new ConfigError(
      'HATCHWAY_PROXY_PROTOCOL_PORTS is set without HATCHWAY_PROXY_PROTOCOL_TRUSTED; name there the addresses or networks of the load balancers.',
    )
  }
  if (ports === null) {
    throw new ConfigError(
      'HATCHWAY_PROXY_PROTOCOL_TRUSTED is set without HATCHWAY_PROXY_PROTOCOL_PORTS; name there the MQTT ports that the load balancers use.',
    )
  }
  const unknown = ports.find(port => !mqttPort.includes(port))
  if (unknown !== undefined) {
    throw new ConfigError(
      `HATCHWAY_PROXY_PROTOCOL_PORTS names ${unknown}, which HATCHWAY_MQTT_PORT (${mqttPort.join(',')}) does not; give ports that stand in both.`,
    )
  }
}

function* fromFlags(flags: ConfigSources['flags']): Iterable<[OptionName, Given]> {
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || name === 'config') continue
    if (!isOptionName(name)) throw new ConfigError(`--${name}: there is no such setting; see hatchway serve --help.`)
    yield [name, { value, source: flagName(name) }]
  }
}

function* fromEnvironment(env: ConfigSources['env']): Iterable<[OptionName, Given]> {
  const names = new Map((Object.keys(OPTIONS) as OptionName[]).map(name => [environmentName(name), name]))
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('HATCHWAY_') || value === undefined || value === '') continue
    if (OTHER_VARIABLES.has(variable) || FOREIGN_VARIABLE.test(variable)) continue
    const name = names.get(variable)
    if (name === undefined) {
      throw new ConfigError(
        `${variable}: there is no such setting; hatchway serve --help lists them. Correct or unset it.`,
      )
    }
    yield [name, { value, source: variable }]
  }
}

function* fromFile(sources: ConfigSources): Iterable<[OptionName, Given]> {
  const named = sources.flags['config'] ?? sources.env['HATCHWAY_CONFIG']
  const file = resolve(sources.cwd, typeof named === 'string' ? named : CONFIG_FILE)
  if (named === undefined && !existsSync(file)) return
  for (const [key, value] of flatten(readJsonObject(file))) {
    const name = (Object.keys(OPTIONS) as OptionName[]).find(candidate => plain(candidate) === plain(key))
    if (name === undefined)
      throw new ConfigError(`${file}: there is no setting ${JSON.stringify(key)}; hatchway serve --help lists them.`)
    if (value !== null) yield [name, { value, source: `${file}, ${key}` }]
  }
}

function readJsonObject(file: string): Record<string, unknown> {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(
      `${file}: the config file can't be read (${(error as NodeJS.ErrnoException).code}); check the path and its rights.`,
    )
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(content)
  } catch (error) {
    throw new ConfigError(`${file}: not valid JSON (${(error as Error).message}); correct the file.`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ConfigError(`${file}: must hold one JSON object of settings, such as {"mqttPort": [1883, 8883]}.`)
  }
  return parsed as Record<string, unknown>
}

/** `{"tls": {"legacyCiphers": false}}` is the same as `{"tlsLegacyCiphers": false}`. */
function* flatten(object: Record<string, unknown>, prefix = ''): Iterable<[string, unknown]> {
  for (const [key, value] of Object.entries(object)) {
    if (key === '$schema') continue
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      yield* flatten(value as Record<string, unknown>, `${prefix}${key}.`)
    else yield [`${prefix}${key}`, value]
  }
}

/** `HATCHWAY_MQTT_PORT`, `mqtt-port`, `mqttPort` and `mqtt.port` are one name. */
const plain = (key: string): string =>
  key
    .replace(/^HATCHWAY_/, '')
    .replace(/[-_.]/g, '')
    .toLowerCase()

const isOptionName = (name: string): name is OptionName => Object.hasOwn(OPTIONS, name)
