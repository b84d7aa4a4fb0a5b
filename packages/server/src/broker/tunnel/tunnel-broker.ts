import type { Socket } from 'node:net'
import { connectReturnCodes, encodeConnack, reasonCodes } from '../../mqtt/index.ts'
import type { Attachment, AttachRequest, Broker } from '../port.ts'
import { encodePreface } from './preface.ts'
import { Tunnel } from './tunnel.ts'

export interface TunnelBrokerOptions {
  /** Number of this process. */
  worker: number
  /** Opens a local socket to the process that has the broker, with the preface ahead. */
  enter(preface: Buffer): Socket
  onError(error: Error): void
}

/** The broker of another process of this server, as far as a gateway needs one. The other end: the gateway's tunnel hall. */
export interface TunnelBroker extends Pick<Broker, 'attach'> {
  /** The broker's process has cut the connection of that number. */
  cut(tunnel: number): void
}

export function createTunnelBroker({ worker, enter, onError }: TunnelBrokerOptions): TunnelBroker {
  const tunnels = new Map<number, Tunnel>()
  let last = 0
  return {
    attach(request): Attachment {
      const { link, ...rest } = request
      const tunnel = ++last
      const socket = enter(encodePreface({ ...rest, worker, tunnel, address: link.address, transport: link.transport }))
      const one = new Tunnel({
        link,
        socket,
        onFailure(error) {
          onError(error ?? new Error('the process that has the broker let go of a connection before it answered'))
          turnAway(request)
        },
        onGone: () => tunnels.delete(tunnel),
      })
      tunnels.set(tunnel, one)
      return one
    },
    cut: tunnel => tunnels.get(tunnel)?.cut(),
  }
}

/** The client may try again: it was not its fault. */
function turnAway({ connect, link }: AttachRequest): void {
  const { protocolLevel } = connect
  const reasonCode = protocolLevel === 5 ? reasonCodes.serverUnavailable : connectReturnCodes.serverUnavailable
  link.write(encodeConnack({ type: 'connack', sessionPresent: false, reasonCode }, protocolLevel))
  link.end()
}
