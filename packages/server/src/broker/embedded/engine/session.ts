import type { Packet } from '../../../mqtt/index.ts'
import { misplaced } from '../../client/misplaced-packet.ts'
import { type Close, type Effect, nothing, protocolError } from './effects.ts'
import { release } from './inbound.ts'
import type { SessionState } from './state.ts'
import { subscribe, unsubscribe } from './subscribe.ts'

/** A packet from the client after CONNECT, PUBLISH apart (`receivePublish`). */
export function receivePacket<Message>(session: SessionState<Message>, packet: Packet): readonly Effect<Message>[] {
  switch (packet.type) {
    case 'puback':
    case 'pubrec':
    case 'pubcomp':
      return session.outbound.acknowledge(packet)
    case 'pubrel':
      return release(session, packet)
    case 'subscribe':
      return subscribe(session, packet)
    case 'unsubscribe':
      return unsubscribe(session, packet)
    case 'pingreq':
      return pingResponse // [MQTT-3.12.4-1]
    case 'disconnect':
      return disconnect(session, packet)
    case 'publish':
      return nothing // handled in place by the edge and receivePublish
    default:
      return protocolError(misplaced(packet.type))
  }
}

const pingResponse: readonly Effect[] = [{ do: 'send', packet: { type: 'pingresp' } }]

function disconnect<Message>(
  session: SessionState<Message>,
  { reasonCode, properties }: Extract<Packet, { type: 'disconnect' }>,
): readonly Effect[] {
  const expirySeconds = properties?.sessionExpiryIntervalSeconds
  if (expirySeconds !== undefined) {
    // What ends with its connection can't be made to last at the last moment. [MQTT 5.0 section 3.14.2.2.2]
    if (session.expirySeconds === 0 && expirySeconds > 0) {
      return protocolError('DISCONNECT sets a session expiry interval although that of the session is 0')
    }
    session.expirySeconds = Math.min(expirySeconds, session.limits.expirySeconds)
  }
  const close: Close = {
    do: 'close',
    reason: 'client-disconnected',
    reasonCode: undefined,
    problem: undefined,
    discardsWill: reasonCode === 0, // [MQTT-3.14.4-3]
  }
  return [close]
}
