import type { PresenceChange } from '../store.ts'
import type { ConnectionEnd, DeviceConnection, TimeMs, Transport } from '../types.ts'
import type { DeviceRow } from './rows.ts'

// The newest connections of a device, in one text of its row: it is read and written with the presence anyway, so a
// login pays for some hundred bytes more and for nothing else.
//
//   text  = line *( LF line )                    newest first, at most KEPT_CONNECTIONS
//   line  = since SP peer [ SP length SP end ]   without its end while it lasts; times in ms, base 36
//   peer  = transport "," address "," clientId   each may be empty; "=" is that of the line above

export const KEPT_CONNECTIONS = 10

type Row = Pick<DeviceRow, 'online' | 'last_offline_at' | 'connections'>

/** The text after a device has come. One that is noted again, or that an answer was lost of, is there already. */
export function withComing({ connections, ...row }: Row, change: PresenceChange): string {
  const line = `${change.at.toString(36)} ${peerOf(change)}`
  if (connections === null || connections === '') return line
  const end = connections.indexOf('\n')
  const newest = end === -1 ? connections : connections.slice(0, end)
  const [since = '', peer, length] = newest.split(' ')
  if (since === change.at.toString(36)) return connections
  if (length === undefined && change.since !== undefined) return connections
  const closed = length === undefined ? `${newest} ${endingOf(row, since, change.at)}` : newest
  const below = peer === peerOf(change) ? closed.replace(` ${peer} `, ' = ') : closed
  return firstLines(`${line}\n${below}${end === -1 ? '' : connections.slice(end)}`)
}

/** The text after it has gone. */
export function withGoing(connections: string | null, { at, reason }: PresenceChange): string | null {
  if (connections === null) return null
  const end = connections.indexOf('\n')
  const newest = end === -1 ? connections : connections.slice(0, end)
  const [since = '', , length] = newest.split(' ')
  if (length !== undefined) return connections
  return `${newest} ${lengthOf(since, at)} ${reason ?? 'connection-lost'}${end === -1 ? '' : connections.slice(end)}`
}

/** Newest first. */
export function recentConnections({ connections, ...row }: Row): DeviceConnection[] {
  if (connections === null || connections === '') return []
  let peer = ''
  return connections.split('\n').map((line, index) => {
    const isOpen = line.split(' ').length < LINE_PARTS
    // Its gateway has died: nobody has told of the end, and the device has not come back.
    const ended =
      isOpen && index === 0 && row.online === 0 ? `${line} ${endingOf(row, line.split(' ')[0] ?? '', 0)}` : line
    const [since = '', own = '', length, end] = ended.split(' ')
    if (own !== '=') peer = own
    const [transport, address, clientId] = peer.split(',')
    const start = Number.parseInt(since, 36)
    return {
      since: start,
      until: length === undefined ? null : start + Number.parseInt(length, 36),
      end: (end as ConnectionEnd | undefined) ?? null, // only the functions above write it
      transport: transport ? (transport as Transport) : null,
      address: address || null,
      clientId: clientId || null,
    }
  })
}

const LINE_PARTS = 4

const peerOf = ({ transport, address, clientId }: PresenceChange): string =>
  `${transport ?? ''},${address ?? ''},${clientId ?? ''}`

/** Of a connection that nobody has told the end of: taken over by the one that comes now, or its gateway has died. */
function endingOf({ online, last_offline_at }: Omit<Row, 'connections'>, since: string, now: TimeMs): string {
  return online === 1
    ? `${lengthOf(since, now)} session-taken-over`
    : `${lengthOf(since, last_offline_at ?? 0)} gateway-gone`
}

/** Clocks of gateways differ. */
const lengthOf = (since: string, until: TimeMs): string => Math.max(0, until - Number.parseInt(since, 36)).toString(36)

function firstLines(text: string): string {
  let end = -1
  for (let line = 0; line < KEPT_CONNECTIONS; line++) {
    end = text.indexOf('\n', end + 1)
    if (end === -1) return text
  }
  return text.slice(0, end)
}
