import type { UpstreamAddress } from '../broker/relay/index.ts'
import type { Reading, ValueReader } from './option-values.ts'

const form = /^(mqtts?):\/\/(?:(.*)@)?([^@]*?)\/?$/
/** An address in brackets, or a name; then perhaps a port. */
const hostForm = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?))(?::(\d{1,5}))?$/
const defaultPorts = { mqtt: 1883, mqtts: 8883 } as const
const maxHosts = 32
const fix =
  'give one such as mqtts://user:password@mqtt-1.example.com:8883,mqtt-2.example.com:8883, with the password percent-encoded'

const bad = (problem: string): Reading<never> => ({ ok: false, problem, fix })

/** Where an MQTT cluster is: one or more hosts behind one user name and password. */
export const upstreamUrl: ValueReader<UpstreamAddress> = input => {
  const [, scheme, user, list] = (typeof input === 'string' && form.exec(input.trim())) || []
  if ((scheme !== 'mqtt' && scheme !== 'mqtts') || list === undefined) return bad('is no URL of an MQTT cluster')
  const credentials = credentialsOf(user)
  if (credentials === undefined) return bad('has a % that encodes nothing')
  if (credentials.userName === undefined && credentials.password !== undefined)
    return bad('has a password and no user name')
  const hosts: { host: string; port: number }[] = []
  for (const piece of list.split(',')) {
    const [, address, name, port] = hostForm.exec(piece.trim()) ?? []
    const host = address ?? name
    if (host === undefined) return bad('has a host that is neither a name nor an address, or another part than hosts')
    const number = port === undefined ? defaultPorts[scheme] : Number(port)
    if (number < 1 || number > 65_535) return bad('has a port that is not from 1 to 65535')
    if (hosts.some(known => known.host === host && known.port === number)) return bad('names a host twice')
    hosts.push({ host, port: number })
  }
  if (hosts.length > maxHosts) return bad(`names more than ${maxHosts} hosts`)
  return { ok: true, value: { isTls: scheme === 'mqtts', ...credentials, hosts } }
}

/** Undefined = it can't be decoded. */
function credentialsOf(user: string | undefined): Pick<UpstreamAddress, 'userName' | 'password'> | undefined {
  if (user === undefined) return { userName: undefined, password: undefined }
  const colon = user.indexOf(':')
  const [name, password] = colon === -1 ? [user] : [user.slice(0, colon), user.slice(colon + 1)]
  try {
    return {
      userName: name === '' ? undefined : decodeURIComponent(name ?? ''),
      password: password === undefined ? undefined : decodeURIComponent(password),
    }
  } catch {
    return undefined
  }
}
