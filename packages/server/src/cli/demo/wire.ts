import type { PacketListener } from '@hatchway/device'
import type { Line } from './teller.ts'

/** What of a packet the story shows; structural, so that it needs no MQTT library. */
type ShownPacket = Parameters<PacketListener>[1]

const SHOWN_SECRET_LENGTH = 6
const CONNACK_MEANINGS: Readonly<Record<number, string>> = {
  0: 'accepted',
  2: 'identifier rejected',
  3: 'server unavailable',
  4: 'bad user name or password',
}

/** Secrets are recognisable in the story, and not usable. */
export const shorten = (secret: string): string =>
  secret.length <= SHOWN_SECRET_LENGTH ? '…' : `${secret.slice(0, SHOWN_SECRET_LENGTH)}… (${secret.length} characters)`

/** Collects the lines of CONNECT, CONNACK and the push as they cross the wire; `passwordIs` tells how it was made. */
export function recordWire(passwordIs: string): { onPacket: PacketListener; lines: Line[] } {
  const lines: Line[] = []
  return { lines, onPacket: (direction, packet) => lines.push(...packetLines(direction, packet, passwordIs)) }
}

function packetLines(direction: 'sent' | 'received', packet: ShownPacket, passwordIs: string): Line[] {
  const mark = direction === 'sent' ? '->' : '<-'
  if (packet.cmd === 'connect') {
    return [
      { mark, name: 'CONNECT', value: '' },
      { name: 'clientId', value: packet.clientId },
      { name: 'userName', value: packet.username ?? '' },
      { name: 'password', value: `${shorten(String(packet.password ?? ''))}, ${passwordIs}` },
    ]
  }
  if (packet.cmd === 'connack') {
    const code = packet.returnCode ?? packet.reasonCode ?? 0
    return [{ mark, name: 'CONNACK', value: `${code} ${CONNACK_MEANINGS[code] ?? ''}`.trim() }]
  }
  // Only the push of a registration arrives while its wire is recorded; telemetry has chapters of its own.
  if (packet.cmd === 'publish' && packet.topic.startsWith('/ext/reg')) {
    return [{ mark, name: 'PUBLISH', value: `${packet.topic} ${withoutSecrets(String(packet.payload))}` }]
  }
  return []
}

const withoutSecrets = (json: string): string =>
  json.replace(/"(deviceSecret|deviceToken)":"([^"]*)"/g, (_, field: string, secret: string) => {
    return `"${field}":"${secret.slice(0, SHOWN_SECRET_LENGTH)}…"`
  })
