import { type ReasonCode, reason as reasonOf } from '@hatchway/protocol'
import {
  type Connack,
  encodePingreq,
  encodeSubscribe,
  Framer,
  MalformedPacket,
  type Packet,
  reasonCodes,
} from '../../mqtt/index.ts'
import { maxPacketSizeBytes } from '../client/client-limits.ts'
import { disconnectCode, incidents, malformedReasons } from '../client/connection-end.ts'
import { IncidentAllowance } from '../client/incident-allowance.ts'
import { permittedWill } from '../client/permitted-will.ts'
import { privatePublish } from '../client/private-message.ts'
import { type Rights, rightsOf } from '../client/rights.ts'
import type { Attachment, AttachRequest, BrokerIncident, Identity, Link, PrivateLine, PrivateMessage } from '../port.ts'
import { ClientPackets, type PacketHost } from './client-packets.ts'
import { type ClusterPacketHost, ClusterPackets, serverSubscribeId } from './cluster-packets.ts'
import { Echoes } from './echoes.ts'
import { RelayedLines } from './relayed-lines.ts'
import { clientAnswer, upstreamConnect } from './rewriting.ts'
import { Subscriptions } from './subscriptions.ts'
import type { OfflineReason, RelaySurroundings } from './surroundings.ts'
import type { LineReader } from './upstream/line.ts'
import { type LoginOutcome, UpstreamLogin } from './upstream/login.ts'

const pingreq = encodePingreq()

/** One client's connection, and the one that stands for it at the cluster: takes both sides' bytes apart, and comes to an end. */
export class RelayedConnection
  extends RelayedLines
  implements Attachment, ClusterPacketHost, LineReader, PacketHost, PrivateLine
{
  readonly identity: Identity
  readonly address: string
  readonly rights: Rights
  readonly subscriptions: Subscriptions
  topicAliasMaximum = 0
  echoes: Echoes | undefined
  /** While the cluster has not answered for them; the client's own packets wait for that. */
  serverFilters: readonly string[] | undefined
  /** The cluster has taken the client. */
  isOnline = false
  declare protected readonly around: RelaySurroundings<RelayedConnection>
  /** Sweeps without a byte after which the client is gone; 0 = never. [MQTT-3.1.2-22] */
  #patienceTicks = 0
  readonly #request: AttachRequest
  readonly #framer: Framer
  #login: UpstreamLogin | undefined
  #packets: ClientPackets | undefined
  readonly #clusterPackets: ClusterPackets
  #incidents: IncidentAllowance | undefined

  constructor(request: AttachRequest, around: RelaySurroundings<RelayedConnection>) {
    super(request, around)
    const { identity, link } = request
    this.identity = identity
    this.address = link.address
    this.rights = rightsOf(identity, around.limits)
    this.subscriptions = new Subscriptions(this.rights, this.level)
    this.#clusterPackets = new ClusterPackets(this, around)
    this.#request = request
    this.#framer = new Framer({ maxPacketSizeBytes: maxPacketSizeBytes(around.limits) })
  }

  get transport(): Link['transport'] {
    return this.link.transport
  }

  // Logging in at the cluster

  start(): void {
    const { upstream } = this.around
    const will = permittedWill(this.#request.connect.will, this.rights, this)
    const connect = upstreamConnect(this.#request, upstream.credentials, will)
    const done = (outcome: LoginOutcome): void => this.#loggedIn(outcome)
    this.#login = new UpstreamLogin(upstream, { connect, timeoutMs: upstream.connectTimeoutMs, done })
    this.#login.start()
  }

  #loggedIn(outcome: LoginOutcome): void {
    const { upstream } = this.around
    this.#login = undefined
    if (outcome.kind === 'accepted') this.#accepted(outcome)
    else if (outcome.kind === 'refused') this.turnAway('upstream-refused', outcome.problem, outcome.passesOn)
    else if (outcome.kind === 'version') {
      upstream.speaksMqtt5 = false
      this.turnAway('upstream-version-unsupported', 'the cluster was asked and said so')
    } else if (this.level === 5 && outcome.hungUp && upstream.hungUpOnMqtt5) {
      this.turnAway('upstream-version-unsupported', 'the cluster hangs up on a CONNECT of MQTT 5.0')
    } else this.turnAway('upstream-unavailable', outcome.problem)
  }

  #accepted({ line, connack, rest }: LoginOutcome & { kind: 'accepted' }): void {
    line.reader = this
    this.sendBy(line)
    if (this.level === 5) this.around.upstream.speaksMqtt5 = true
    this.#begin(connack)
    if (rest.length > 0) this.received(rest)
  }

  #begin(connack: Connack): void {
    const { serverSubscriptions } = this.#request
    const { limits } = this.around
    const answer = clientAnswer(this.#request, connack, limits)
    this.topicAliasMaximum = answer.topicAliasMaximum
    this.#patienceTicks = Math.ceil((answer.keepAliveSeconds * 1500) / limits.sweepMs)
    this.heardAt = this.around.tick
    if (serverSubscriptions.length > 0 && this.level !== 5) this.echoes = new Echoes(serverSubscriptions)
    this.#packets = new ClientPackets(this, this.around)
    this.answer(answer.connack)
    if (this.hasEnded) return // it was too large for the client
    this.isOnline = true
    this.around.cameOnline(this)
    if (serverSubscriptions.length > 0) this.#subscribeForClient(serverSubscriptions)
    else this.#readWaiting()
    this.flush()
  }

  /** Goes on with what the client has sent meanwhile. */
  #readWaiting(): void {
    this.#read()
    this.resumeClient()
  }

  /** Before any packet of the client's own goes on, so that no packet identifier is used twice. */
  #subscribeForClient(filters: readonly string[]): void {
    this.serverFilters = filters
    this.heldAt = this.around.tick
    // Nothing that the device itself published, and of retained messages only those of filters that are new.
    const options = { qos: 1, noLocal: true, retainAsPublished: false, retainHandling: 1 } as const
    const subscriptions = filters.map(filter => ({ filter, ...options }))
    const level = this.level === 5 ? 5 : 4
    const bytes = encodeSubscribe({ type: 'subscribe', packetId: serverSubscribeId, subscriptions }, level)
    this.forward(bytes, 0, bytes.length)
  }

  /** Ends it with a CONNACK that says no. `code5` is for MQTT 5, where the reason's own will not do. */
  turnAway(reason: ReasonCode, problem: string, code5?: number): void {
    const { connack, mqtt5 } = reasonOf(reason)
    const reasonCode = this.level === 5 ? (code5 ?? mqtt5) : (connack ?? 3)
    const properties = this.level === 5 ? { reasonString: reasonOf(reason).en } : undefined
    this.sendIfTaken({ type: 'connack', sessionPresent: false, reasonCode, properties })
    this.flushToClient()
    this.link.end()
    this.around.report({ ...this.#incident(reason), problem, closed: true, connackCode: reasonCode })
    this.#leave(reason)
  }

  // From the client to the cluster

  receive(chunk: Buffer): void {
    if (this.hasEnded) return
    this.heardAt = this.around.tick
    this.around.meter.bytesIn += chunk.length
    this.#framer.push(chunk)
    if (this.isOnline && !this.isHeldBack) this.#read()
    else this.pauseClient()
    this.flush()
  }

  #read(): void {
    const packets = this.#packets
    if (packets === undefined) return
    try {
      while (!this.hasEnded && this.#framer.next()) packets.receive(this.#framer)
    } catch (error) {
      this.#failed(error)
    }
  }

  protected get isHeldBack(): boolean {
    return this.serverFilters !== undefined
  }

  clientLeft(): void {
    this.flush()
    this.link.end()
    this.#leave('client-disconnected')
  }

  // From the cluster to the client

  opened(): void {}

  received(chunk: Buffer): void {
    if (this.hasEnded) return
    this.unansweredSince = undefined
    try {
      if (this.#clusterPackets.receive(chunk) === false) this.#lostUpstream('what it sends is not MQTT')
    } catch (error) {
      if (error instanceof MalformedPacket) this.#lostUpstream(`it sent a packet that is malformed: ${error.message}`)
      else this.#failed(error)
    }
    this.flush()
  }

  serverSubscribed(): void {
    this.serverFilters = undefined
    this.#readWaiting()
  }

  clusterLeft(reason: ReasonCode, problem: string): void {
    this.#finish(reason, reason === 'upstream-lost' ? `${problem}; ${this.#afterWhat}` : undefined)
  }

  get #afterWhat(): string {
    return `the last packet that it was sent is ${this.#packets?.lastForwarded}`
  }

  /** The line is gone. MQTT 3.1.1 has no words for a take-over: it is known where the newer connection is here. */
  lost(error: Error | undefined): void {
    if (this.line !== undefined) this.around.lineEnded(this.line)
    this.line = undefined
    if (this.hasEnded) return
    if (this.around.hasSuccessor(this)) {
      this.close('session-taken-over')
      return
    }
    const how = error === undefined ? 'it closed the connection' : `the connection broke: ${error.message}`
    this.#lostUpstream(`${how}; ${this.#afterWhat}`)
  }

  #lostUpstream(problem: string): void {
    this.#end('upstream-lost', disconnectCode('upstream-lost'), problem)
  }

  // To the client

  sendPrivately(message: PrivateMessage): boolean {
    const packet = this.hasEnded || !this.isOnline ? undefined : privatePublish(message, this)
    if (packet === undefined) return false
    this.around.meter.messagesOut[0]++
    this.answer(packet)
    this.flush()
    return true
  }

  answer(packet: Packet): void {
    this.#clusterPackets.insert(packet)
  }

  /** What the client must be sent it can't take: it has to go. [MQTT-3.1.2-24] */
  protected packetTooLarge(type: Packet['type'], problem: string): void {
    this.#end('packet-too-large', type === 'connack' ? undefined : reasonCodes.packetTooLarge, problem)
  }

  // The end

  /** No farewell: it would wait behind all that the client does not read. */
  protected slowReader(problem: string): void {
    this.link.destroy()
    this.#report('slow-reader', { problem, closed: true })
    this.#leave('slow-reader')
  }

  report(reason: ReasonCode, what: { topic: string; problem: string }): void {
    this.#report(reason, { ...what, closed: false })
  }

  refuse(reason: ReasonCode, problem: string): void {
    this.#end(reason, disconnectCode(reason), problem)
  }

  /** Ends the connection; an MQTT 5 client is told why. */
  close(reason: ReasonCode): void {
    this.#end(reason, disconnectCode(reason), undefined)
  }

  closed(): void {
    this.#leave('connection-lost')
    this.around.linkClosed(this)
  }

  destroy(): void {
    this.link.destroy()
  }

  /** Keep alive, and the same for the cluster: it has to take what the client sends, and to answer it. */
  sweep(): void {
    const { tick, limits, stallMs } = this.around
    const stallTicks = stallMs / limits.sweepMs
    const isHeld = this.isOnline && (this.isPaused || this.isHeldBack)
    const silentTicks = this.unansweredSince === undefined || this.isUpstreamPaused ? 0 : tick - this.unansweredSince
    if (isHeld && tick - this.heldAt > stallTicks) {
      this.#lostUpstream(`it took nothing for ${stallMs / 1000} s; ${this.#afterWhat}`)
    } else if (silentTicks > stallTicks) {
      this.#lostUpstream(`it sent nothing for ${stallMs / 1000} s; ${this.#afterWhat}`)
    } else if (this.#patienceTicks > 0 && !isHeld && tick - this.heardAt > this.#patienceTicks) {
      this.close('keep-alive-timeout') // [MQTT-3.1.2-22]
    } else if (silentTicks > stallTicks / 2) this.#askUpstream()
  }

  /** Not everything that a client sends has an answer: this has. */
  #askUpstream(): void {
    if (this.#clusterPackets.awaitsOwnPingresp) return
    this.#clusterPackets.awaitsOwnPingresp = true
    this.forward(pingreq, 0, pingreq.length)
    this.flush()
  }

  refillIncidents(count: number): void {
    if (this.#incidents?.refill(count) === true) this.#incidents = undefined
  }

  #failed(error: unknown): void {
    if (error instanceof MalformedPacket) {
      const { reasonCode, message } = error
      this.#end(malformedReasons[reasonCode], reasonCode, message) // [MQTT-4.13.1-1]
      return
    }
    this.around.failed(error)
    this.close('internal-error')
  }

  #end(reason: ReasonCode, reasonCode: number | undefined, problem: string | undefined): void {
    if (this.hasEnded) return
    // Before CONNACK, or inside of a packet that passes, there is no place for a DISCONNECT.
    if (this.level === 5 && reasonCode !== undefined && this.isOnline && this.#clusterPackets.isBetween) {
      this.answer({ type: 'disconnect', reasonCode, properties: { reasonString: problem } })
    }
    this.#finish(reason, problem)
  }

  #finish(reason: ReasonCode, problem: string | undefined): void {
    if (this.hasEnded) return
    this.flushToClient()
    this.link.end()
    if (incidents.has(reason)) {
      this.#report(reason, { ...(problem === undefined ? {} : { problem }), closed: true })
    }
    this.#leave(reason)
  }

  #report(reason: ReasonCode, what: { topic?: string; problem?: string; closed: boolean }): void {
    this.#incidents ??= new IncidentAllowance(this.around.limits.incidentBurst)
    // What closes the connection is always told.
    if (this.#incidents.take() || what.closed) this.around.report({ ...this.#incident(reason), ...what })
    else this.around.meter.dropped['incident-not-reported']++
  }

  #incident(reason: ReasonCode): BrokerIncident {
    const { identity, address, level, transport } = this
    return { identity, address, reason, closed: false, protocolLevel: level, transport }
  }

  /** Without a DISCONNECT of the client the cluster sees a connection that is lost, and publishes the will. [MQTT-3.1.2-8] */
  #leave(reason: OfflineReason): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.link.drainListener = undefined
    this.#login?.cancel()
    this.#login = undefined
    const { line } = this
    if (line !== undefined) {
      this.flushToUpstream()
      line.end()
      this.around.lineEnding(line)
    }
    this.around.left(this, reason)
  }
}
