import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ReasonCode } from '@hatchway/protocol'
import { type WebSocket, WebSocketServer } from 'ws'
import type { JournalDetail } from '../registry/types.ts'
import type { GatewayLink, LinkContext, LinkPeer } from './gateway-link.ts'
import { WebSocketLink } from './websocket-link.ts'

/** The MQTT side of an upgraded socket. */
export interface UpgradedConnection {
  /** Whether its first packet is not whole yet. */
  readonly awaitsConnect: boolean
  receive(chunk: Buffer): void
  abort(reason: ReasonCode, problem: string): void
}

/** Whose socket asks for the upgrade. */
export interface UpgradeOwner {
  readonly webSocketPeer: LinkPeer
  open(link: GatewayLink): UpgradedConnection
  journal(reason: ReasonCode, detail?: JournalDetail): void
}

const maxHeaderBytes = 8192
const subprotocols = ['mqtt', 'mqttv3.1'] as const
const plainAnswer = 'This port takes MQTT over TLS, TCP and WebSocket; open a WebSocket with the subprotocol mqtt.\n'
const probeAfterMs = 120_000
const maxUnconnectedBytes = 16_384

/**
 * WebSocket for MQTT: sockets whose first bytes are HTTP are handed in by `take`. Any path will do. The HTTP server
 * never listens, and its own time-outs don't run: whoever hands a socket in bounds the time to its CONNECT.
 */
export class WebSocketUpgrades {
  readonly #http: Server
  readonly #webSockets: WebSocketServer
  readonly #owners = new WeakMap<Duplex, UpgradeOwner>()
  readonly #links: LinkContext

  /** `maxMessageBytes` bounds one WebSocket message, which may hold several MQTT packets or a part of one. */
  constructor(options: { maxMessageBytes: number; links: LinkContext }) {
    this.#links = options.links
    this.#http = createServer({ maxHeaderSize: maxHeaderBytes })
    this.#webSockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      clientTracking: false,
      maxPayload: options.maxMessageBytes,
      handleProtocols: offered => subprotocols.find(name => offered.has(name)) ?? false,
    })
    this.#http.on('request', (request, response) => {
      this.#owners.get(request.socket)?.journal('websocket-refused', { problem: 'a plain HTTP request' })
      response.writeHead(426, {
        'content-type': 'text/plain',
        'content-length': plainAnswer.length,
        upgrade: 'websocket',
        connection: 'Upgrade, close',
      })
      response.end(plainAnswer)
    })
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#http.on('clientError', (error, socket) => this.#refuse(socket, `not a good HTTP request: ${error.message}`))
    this.#webSockets.on('wsClientError', (error, socket) => this.#refuse(socket, error.message))
  }

  take(socket: Socket, owner: UpgradeOwner): void {
    this.#owners.set(socket, owner)
    this.#http.emit('connection', socket)
    socket.resume()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const owner = this.#owners.get(socket)
    if (owner === undefined) {
      socket.destroy()
      return
    }
    const offered = request.headers['sec-websocket-protocol']
    // Many small devices name no subprotocol, though they should: taken as mqtt. Another one is refused. [MQTT-6.0.0-3]
    if (offered !== undefined && !offered.split(',').some(name => subprotocols.some(known => known === name.trim()))) {
      this.#refuse(socket, 'it offers no subprotocol mqtt')
      return
    }
    this.#webSockets.handleUpgrade(request, socket, head, webSocket => this.#open(webSocket, socket, owner))
  }

  #open(webSocket: WebSocket, socket: Duplex, owner: UpgradeOwner): void {
    const connection = owner.open(new WebSocketLink(webSocket, owner.webSocketPeer, this.#links))
    webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) connection.receive(data)
      else connection.abort('websocket-refused', 'a text frame; MQTT goes in binary frames') // [MQTT-6.0.0-1]
    })
    webSocket.on('error', (error: Error & { code?: string }) => {
      const tooLarge = error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
      connection.abort(tooLarge ? 'packet-too-large' : 'packet-malformed', error.message)
    })
    if ('setKeepAlive' in socket) (socket as Socket).setKeepAlive(true, probeAfterMs)
    boundUnconnected(socket, connection)
  }

  #refuse(socket: Duplex, problem: string): void {
    this.#owners.get(socket)?.journal('websocket-refused', { problem })
    if (!socket.writable) {
      socket.destroy()
      return
    }
    socket.end(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  }
}

/** What ws may hold of a message that has not ended, before anyone has shown who they are. */
function boundUnconnected(socket: Duplex, connection: UpgradedConnection): void {
  let receivedBytes = 0
  const count = (chunk: Buffer): void => {
    receivedBytes += chunk.length
    if (!connection.awaitsConnect) socket.removeListener('data', count)
    else if (receivedBytes > maxUnconnectedBytes) {
      socket.removeListener('data', count)
      connection.abort('packet-too-large', 'too many bytes before its CONNECT')
    }
  }
  socket.on('data', count)
}
