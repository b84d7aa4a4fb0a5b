import type { Version } from './statement.ts'

const packets: Readonly<Record<string, string>> = {
  '3.1': 'CONNECT',
  '3.2': 'CONNACK',
  '3.3': 'PUBLISH',
  '3.4': 'PUBACK',
  '3.5': 'PUBREC',
  '3.6': 'PUBREL',
  '3.7': 'PUBCOMP',
  '3.8': 'SUBSCRIBE',
  '3.9': 'SUBACK',
  '3.10': 'UNSUBSCRIBE',
  '3.11': 'UNSUBACK',
  '3.12': 'PINGREQ',
  '3.14': 'DISCONNECT',
  '3.15': 'AUTH',
}

const common: Readonly<Record<string, string>> = {
  ...packets,
  '1.5': 'Data',
  '2.1': 'First byte',
  '4.1': 'Session state',
  '4.2': 'Network connections',
  '4.3': 'Quality of Service',
  '4.4': 'Sending again',
  '4.5': 'Receiving',
  '4.6': 'Order',
  '4.7': 'Topics and filters',
  '6.0': 'WebSocket',
  '7.0': 'Conformance',
  '7.1': 'Transports',
}

const own: Readonly<Record<Version, Readonly<Record<string, string>>>> = {
  '5.0': {
    '2.2': 'Packet Identifier and properties',
    '4.8': 'Shared subscriptions',
    '4.9': 'Flow control',
    '4.12': 'Enhanced authentication',
    '4.13': 'Errors',
  },
  '3.1.1': { '2.2': 'First byte', '2.3': 'Packet Identifier', '4.8': 'Errors' },
}

/** `3.8 SUBSCRIBE` for `3.8.4-1`. */
export function sectionOf(version: Version, id: string): string {
  const number = id.split('.').slice(0, 2).join('.')
  const title = own[version][number] ?? common[number]
  if (title === undefined)
    throw new Error(`scripts/conformance/sections.ts has no title for ${number} of MQTT ${version}`)
  return `${number} ${title}`
}
