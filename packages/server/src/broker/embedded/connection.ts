import type { ReasonCode } from '@hatchway/protocol'
import { decode, type Framer, MalformedPacket, type Packet, type Will } from '../../mqtt/index.ts'
import { disconnectCode, incidents, malformedReasons } from '../client/connection-end.ts'
import { mendFieldedFlags } from '../client/fielded-devices.ts'
import { IncidentAllowance } from '../client/incident-allowance.ts'
import { privatePublish } from '../client/private-message.ts'
import type { Attachment, AttachRequest, Identity, Link, PrivateLine, PrivateMessage } from '../port.ts'
import { ClientLine } from './client-line.ts'
import type { Congestible, Pausable } from './congestion.ts'
import { type Close, type Effect, failure } from './engine/effects.ts'
import { receivePacket } from './engine/session.ts'
import { type IntakeHost, PublishIntake } from './publish-intake.ts'
import type { Outgoing, Session } from './session.ts'
import type { OfflineReason, Surroundings } from './surroundings.ts'

const publishType = 3
const barePuback = 0x40
/** What tells the client of a session that outlives its connection that something about it has changed. */
const confirming: ReadonlySet<string> = new Set<Packet['type']>(['suback', 'unsuback', 'pubrel', 'pubcomp'])

/** One client's connection: takes its bytes apart, asks the session engine, does what it says, and comes to an end. */
export class Connection extends ClientLine implements Attachment, IntakeHost, PrivateLine {
  readonly identity: Identity
  /** To be published when the connection is lost. */
  will: Will | undefined
  readonly address: string
  /** Sweeps without a byte after which the client is gone; 0 = never. [MQTT-3.1.2-22] */
  readonly patienceTicks: number
  /** The sweep of the last byte. */
  heardAt: number
  isPaused = false
  declare protected readonly around: Surroundings<Connection>
  /** While bytes are read, or an unfinished packet waits for the rest. */
  #framer: Framer | undefined
  /** Once the client has published. */
  #intake: PublishIntake | undefined
  /** While some of it is used up. */
  #incidents: IncidentAllowance | undefined
  #waitsFor: Set<Congestible> | undefined
  #isReading = false

  constructor(request: AttachRequest, session: Session, around: Surroundings<Connection>) {
    super(request, session, around)
    this.identity = request.identity
    this.address = request.link.address
    this.patienceTicks = Math.ceil((request.keepAliveSeconds * 1500) / around.settings.sweepMs)
    this.heardAt = around.tick
  }

  get transport(): Link['transport'] {
    return this.link.transport
  }

  sendPrivately(message: PrivateMessage): boolean {
    const packet = this.hasEnded ? undefined : privatePublish(message, this)
    if (packet === undefined) return false
    this.around.meter.messagesOut[0]++
    this.send(packet)
    return true
  }

  get pausable(): Pausable {
    return this
  }

  receive(chunk: Buffer): void {
    if (this.hasEnded) return
    this.heardAt = this.around.tick
    this.around.meter.bytesIn += chunk.length
    this.#framer ??= this.around.reading.takeFramer()
    this.#framer.push(chunk)
    this.#read()
  }

  closed(): void {
    this.#leave('connection-lost', false)
    this.around.linkClosed(this)
  }

  /** Ends the connection; an MQTT 5 client is told why. */
  close(reason: ReasonCode): void {
    this.end(failure(reason, disconnectCode(reason)))
  }

  refuse(reason: ReasonCode, problem: string): void {
    this.end(failure(reason, disconnectCode(reason), problem))
  }

  /** Ends it after a CONNACK that says no: an MQTT 5 client needs no DISCONNECT after that. */
  turnAway(reason: ReasonCode): void {
    this.end(failure(reason, undefined, 'CONNACK refused it'))
  }

  destroy(): void {
    this.link.destroy()
  }

  report(reason: ReasonCode, what: { topic?: string; problem?: string | undefined; closed?: boolean }): void {
    const { identity, address, level, transport } = this
    const { problem, ...rest } = what
    const incident = { identity, address, transport, reason, closed: false, ...rest, protocolLevel: level }
    this.#incidents ??= new IncidentAllowance(this.around.settings.incidentBurst)
    // What closes the connection is always told.
    if (this.#incidents.take() || incident.closed) {
      this.around.report(problem === undefined ? incident : { ...incident, problem })
    } else this.around.meter.dropped['incident-not-reported']++
  }

  refillIncidents(count: number): void {
    if (this.#incidents?.refill(count) === true) this.#incidents = undefined
  }

  /** No farewell: it would wait behind all that the client does not read. */
  closeSlowReader(): void {
    if (this.hasEnded) return
    const { unsentBytes } = this.outbox
    const { queuedMessages, queuedBytes } = this.session.state.outbound
    const problem = `${unsentBytes} bytes were unsent, ${queuedMessages} messages of ${queuedBytes} bytes queued`
    this.link.destroy()
    this.report('slow-reader', { problem, closed: true })
    this.#leave('slow-reader', false)
  }

  // Being slowed

  pauseFor(client: Congestible): boolean {
    if (this.hasEnded || this.around.congestion.has(this.session)) return false
    this.waitFor(client)
    return true
  }

  waitFor(client: Congestible): void {
    if (this.hasEnded) return
    this.#waitsFor ??= new Set()
    this.#waitsFor.add(client)
    if (this.isPaused) return
    this.isPaused = true
    this.link.pauseReading()
  }

  release(client: Congestible): void {
    this.#waitsFor?.delete(client)
    if (!this.#isHeldUp) this.around.turn.add('resume', this)
  }

  get #isHeldUp(): boolean {
    return this.#waitsFor !== undefined && this.#waitsFor.size > 0
  }

  resume(): void {
    if (!this.isPaused || this.hasEnded || this.#isHeldUp) return
    this.isPaused = false
    this.heardAt = this.around.tick
    this.#read()
    if (!this.isPaused && !this.hasEnded) this.link.resumeReading()
  }

  // Doing what the engine says

  perform(effects: readonly Effect<Outgoing>[]): void {
    for (const effect of effects) if (!this.hasEnded) this.#perform(effect)
  }

  #perform(effect: Effect<Outgoing>): void {
    switch (effect.do) {
      case 'send':
        if (this.session.isDurable && confirming.has(effect.packet.type)) this.sendWhenStored(effect.packet)
        else this.send(effect.packet)
        break
      case 'subscribe':
        this.around.subscribe(this.session, effect.filter, effect.options)
        break
      case 'unsubscribe':
        this.around.unsubscribe(this.session, effect.filter)
        this.stopFeeding(effect.filter)
        break
      case 'retained':
        this.feedRetained(effect)
        break
      case 'pump':
        this.session.pump()
        break
      case 'settled':
        this.session.settled(effect.entry)
        break
      case 'released':
        this.session.released(effect.entry)
        break
      case 'forgotten':
        this.session.forgotten(effect.packetId)
        break
      case 'incident':
        this.report(effect.reason, { topic: effect.topic, problem: effect.problem })
        break
      case 'close':
        this.end(effect)
        break
      default:
        effect satisfies never
    }
  }

  #read(): void {
    if (this.#isReading) return
    const framer = this.#framer
    if (framer !== undefined) this.#readFrames(framer)
    if (!this.hasEnded) this.runFeed() // acknowledgements made room
  }

  #readFrames(framer: Framer): void {
    this.#isReading = true
    try {
      while (!this.isPaused && !this.hasEnded && framer.next()) this.#receiveFrame(framer)
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#isReading = false
    }
    if (!framer.isEmpty && !this.hasEnded) return
    this.#framer = undefined
    if (framer.isEmpty) this.around.reading.giveBack(framer)
  }

  #receiveFrame(framer: Framer): void {
    const { firstByte, bodyStart, end, buffer } = framer
    if (firstByte >> 4 === publishType) {
      this.#intake ??= new PublishIntake(this, this.around)
      this.#intake.receive(framer)
      return
    }
    const packetId = firstByte === barePuback && end - bodyStart === 2 ? buffer.readUInt16BE(bodyStart) : 0
    if (packetId > 0) this.perform(this.session.state.outbound.acknowledgeQos1(packetId))
    else {
      mendFieldedFlags(framer, this.level, this.identity)
      this.perform(receivePacket(this.session.state, decode(framer, this.level)))
    }
  }

  #failed(error: unknown): void {
    if (error instanceof MalformedPacket) {
      const { reasonCode, message } = error
      this.end(failure(malformedReasons[reasonCode], reasonCode, message)) // [MQTT-4.13.1-1]
      return
    }
    this.around.failed(error)
    this.close('internal-error')
  }

  protected end({ reason, reasonCode, problem, discardsWill }: Close): void {
    if (this.hasEnded) return
    if (this.level === 5 && reasonCode !== undefined) {
      this.send({ type: 'disconnect', reasonCode, properties: { reasonString: problem } })
    }
    this.outbox.flush()
    this.link.end()
    // A client's own goodbye is none of the incidents.
    if (reason !== 'client-disconnected' && incidents.has(reason)) this.report(reason, { problem, closed: true })
    this.#leave(reason, discardsWill)
  }

  #leave(reason: OfflineReason, discardsWill: boolean): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.dropUnsent()
    this.around.congestion.forget(this)
    this.#waitsFor = undefined
    this.around.ended(this, reason, discardsWill)
  }
}
