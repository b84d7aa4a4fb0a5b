import { type ReasonCode, reason as reasonOf } from '@hatchway/protocol'
import {
  decode,
  type Framer,
  isReasonCode,
  MalformedPacket,
  type Packet,
  type ProtocolLevel,
  reasonCodes,
} from '../../mqtt/index.ts'
import type { Attachment, AttachRequest, DrainListener, Identity, Link } from '../port.ts'
import type { Congestible, Pausable } from './congestion.ts'
import type { Receipt } from './durable/receipt.ts'
import { largestPacketFor } from './engine/connack.ts'
import { type Close, type Effect, failure } from './engine/effects.ts'
import { receivePacket } from './engine/session.ts'
import { FlushPace } from './flush-pace.ts'
import { IncidentAllowance } from './incident-allowance.ts'
import { Outbox } from './outbox.ts'
import { OwedPackets } from './owed-packets.ts'
import { type Wire, wireOf } from './publication.ts'
import { type IntakeHost, PublishIntake } from './publish-intake.ts'
import { encodeFor, type PacketReader, wantsProblems } from './reason-strings.ts'
import { RetainedFeed } from './retained-feed.ts'
import type { Line, Outgoing, Session } from './session.ts'
import type { OfflineReason, Surroundings } from './surroundings.ts'
import { AliasesToClient } from './topic-aliases.ts'
import type { TurnMember } from './turn.ts'

const publishType = 3
const barePuback = 0x40
/** So much is worth a write of its own: waiting for more would spare little. */
const waitBelowBytes = 16 * 1024
/** What tells the client of a session that outlives its connection that something about it has changed. */
const confirming: ReadonlySet<string> = new Set<Packet['type']>(['suback', 'unsuback', 'pubrel', 'pubcomp'])

/** What ends a connection and should be read about; its other ends are told by its presence alone. */
const incidents: ReadonlySet<string> = new Set<ReasonCode>([
  'packet-malformed',
  'packet-too-large',
  'protocol-error',
  'topic-alias-invalid',
  'receive-maximum-exceeded',
  'slow-reader',
  'store-slow',
  'internal-error',
])

/**
 * One client's connection: takes its bytes apart, asks the session engine, and does what it says. Everything that the
 * connection sends goes through its outbox.
 */
export class Connection implements Attachment, DrainListener, Line, TurnMember, IntakeHost, PacketReader {
  readonly session: Session
  readonly identity: Identity
  readonly level: ProtocolLevel
  readonly wire: Wire
  readonly outbox: Outbox
  readonly maxPacketSizeBytes: number
  readonly aliases: AliasesToClient | undefined
  readonly will: AttachRequest['connect']['will']
  readonly address: string
  readonly wantsProblems: boolean
  /** Sweeps without a byte after which the client is gone; 0 = never. [MQTT-3.1.2-22] */
  readonly patienceTicks: number
  /** The sweep of the last byte. */
  heardAt: number
  isPaused = false
  hasEnded = false
  readonly #link: Link
  readonly #around: Surroundings<Connection>
  /** While bytes are read, or an unfinished packet waits for the rest. */
  #framer: Framer | undefined
  /** Once the client has published. */
  #intake: PublishIntake | undefined
  /** While some of it is used up. */
  #incidents: IncidentAllowance | undefined
  #waitsFor: Set<Congestible> | undefined
  /** While retained messages wait for the client to take them. */
  #feed: RetainedFeed | undefined
  /** So many owed packets have to leave before the feed goes on: its SUBACK is the last of them. */
  #feedAfter = 0
  /** Once something had to be stored first. */
  #owed: OwedPackets | undefined
  #isReading = false
  /** In the turn's list, or waiting for more. */
  #isUnflushed = false
  /** Once flushes have come close together. */
  #pace: FlushPace | undefined
  #flushedAt = 0
  /** What there was to send when it began to wait. */
  #bytesBefore = 0
  #isSlowReader = false

  constructor(request: AttachRequest, session: Session, around: Surroundings<Connection>) {
    const { connect, link, keepAliveSeconds } = request
    const { settings } = around
    this.session = session
    this.identity = request.identity
    this.level = connect.protocolLevel
    this.wire = wireOf(this.level)
    this.outbox = new Outbox(link, around.meter)
    this.maxPacketSizeBytes = largestPacketFor(connect)
    this.wantsProblems = wantsProblems(connect)
    const aliases = Math.min(connect.properties?.topicAliasMaximum ?? 0, settings.topicAliasMaximum)
    this.aliases = aliases > 0 ? new AliasesToClient(aliases) : undefined // [MQTT-3.3.2-11]
    this.will = connect.will
    this.address = link.address
    this.patienceTicks = Math.ceil((keepAliveSeconds * 1500) / settings.sweepMs)
    this.heardAt = around.tick
    this.#link = link
    this.#around = around
    link.drainListener = this
  }

  get pausable(): Pausable {
    return this
  }

  receive(chunk: Buffer): void {
    if (this.hasEnded) return
    this.heardAt = this.#around.tick
    this.#around.meter.bytesIn += chunk.length
    this.#framer ??= this.#around.reading.takeFramer()
    this.#framer.push(chunk)
    this.#read()
  }

  closed(): void {
    this.#end('connection-lost', false)
    this.#around.linkClosed(this)
  }

  /** Ends the connection; an MQTT 5 client is told why. */
  close(reason: ReasonCode): void {
    this.#close(failure(reason, disconnectCode(reason)))
  }

  refuse(reason: ReasonCode, problem: string): void {
    this.#close(failure(reason, disconnectCode(reason), problem))
  }

  /** Ends it after a CONNACK that says no: an MQTT 5 client needs no DISCONNECT after that. */
  turnAway(reason: ReasonCode): void {
    this.#close(failure(reason, undefined, 'CONNACK refused it'))
  }

  destroy(): void {
    this.#link.destroy()
  }

  report(reason: ReasonCode, what: { topic?: string; problem?: string | undefined; closed?: boolean }): void {
    const { identity, address, level } = this
    const { problem, ...rest } = what
    const { transport } = this.#link
    const incident = { identity, address, transport, reason, closed: false, ...rest, protocolLevel: level }
    this.#incidents ??= new IncidentAllowance(this.#around.settings.incidentBurst)
    // What closes the connection is always told.
    if (this.#incidents.take() || incident.closed) {
      this.#around.report(problem === undefined ? incident : { ...incident, problem })
    } else this.#around.meter.dropped['incident-not-reported']++
  }

  refillIncidents(count: number): void {
    if (this.#incidents?.refill(count) === true) this.#incidents = undefined
  }

  // Sending

  send(packet: Packet): void {
    const bytes = encodeFor(packet, this)
    if (bytes.length > this.maxPacketSizeBytes) {
      this.#refuseTooLarge(packet.type, bytes.length)
      return
    }
    this.outbox.packet(bytes)
    this.wrote()
  }

  /** What the client must be sent it can't take: it has to go. [MQTT-3.1.2-24] */
  #refuseTooLarge(type: Packet['type'], sizeBytes: number): void {
    if (type === 'disconnect') return
    const problem = `${type.toUpperCase()} has ${sizeBytes} bytes, the client takes ${this.maxPacketSizeBytes}`
    // Nothing may come before CONNACK. [MQTT-3.2.0-1]
    this.#close(failure('packet-too-large', type === 'connack' ? undefined : reasonCodes.packetTooLarge, problem))
  }

  acknowledge(firstByte: number, packetId: number): void {
    if (this.#owed !== undefined && this.#owed.count > 0) {
      this.owe({ type: firstByte === barePuback ? 'puback' : 'pubrec', packetId, reasonCode: 0 }, undefined)
      return
    }
    this.outbox.acknowledge(firstByte, packetId)
    this.wrote()
  }

  owe(packet: Packet, receipt: Receipt | undefined): void {
    if (this.#owed === undefined && (receipt === undefined || receipt.isDone)) {
      this.send(packet)
      return
    }
    this.#owed ??= new OwedPackets(this, this.#around.settings)
    this.#owed.add(packet, receipt, this.#around.tick)
  }

  sendWhenStored(packet: Packet): void {
    this.owe(packet, this.#around.ledger.barrier())
  }

  /** The store has taken too long: the client is told that its messages are not owned, or has to come again. */
  checkOwed(): void {
    if (this.#owed !== undefined && this.#owed.count > 0) this.#owed.check(this.#around.tick)
  }

  wrote(): void {
    if (this.#isUnflushed) return
    this.#isUnflushed = true
    this.#around.turn.add('flush', this)
  }

  flush(): void {
    const { gatheredBytes } = this.outbox
    const isWorthIt = gatheredBytes > 0 && gatheredBytes < waitBelowBytes && this.#feed === undefined
    if (isWorthIt && !this.hasEnded && this.#mayWait()) {
      this.#bytesBefore = gatheredBytes
      this.#around.turn.wait(this)
    } else this.#flushNow()
  }

  flushWaiting(): void {
    this.#pace?.waited(this.outbox.gatheredBytes > this.#bytesBefore)
    this.#flushNow()
  }

  #mayWait(): boolean {
    const { now } = this.#around.turn
    if (this.#pace === undefined && now - this.#flushedAt > 1) {
      this.#flushedAt = now
      return false
    }
    this.#pace ??= new FlushPace()
    return this.#pace.mayWait(now)
  }

  #flushNow(): void {
    this.#isUnflushed = false
    this.outbox.flush()
    if (this.hasEnded) return
    if (this.outbox.unsentBytes > this.#around.settings.unsentBytesMax) this.endSlowReader()
    this.session.pump()
    if (this.#feed !== undefined) this.#runFeed()
    // A link may send all of it without ever being blocked, and then has no drain to tell of: ask it once.
    const waitsForLink = this.#feed !== undefined || this.session.waitsForLink
    if (this.outbox.unsentBytes > 0 && waitsForLink) this.#around.turn.add('recheck', this)
  }

  drained(): void {
    this.recheck()
  }

  recheck(): void {
    if (this.hasEnded) return
    this.outbox.refresh()
    this.session.pump()
    if (this.#feed !== undefined) this.#runFeed()
  }

  #feedRetained({ filter, options, after }: Extract<Effect, { do: 'retained' }>): void {
    const { retention, settings } = this.#around
    if (retention.messages.count === 0) this.session.paidRetained(filter)
    if (retention.messages.count === 0) return
    this.#feed ??= new RetainedFeed({ session: this.session, line: this, retention, settings })
    this.#feed.add(filter, options, after)
    this.#feedAfter = this.#owed?.added ?? 0
    this.#runFeed()
  }

  #runFeed(): void {
    if (this.#owed !== undefined && this.#owed.left < this.#feedAfter) return
    const state = this.#feed?.run()
    if (state === 'done') this.#feed = undefined
    if (state === 'paused') this.wrote() // goes on when the turn ends
  }

  endSlowReader(): void {
    if (this.#isSlowReader) return
    this.#isSlowReader = true
    this.#around.turn.add('closeSlowReader', this)
  }

  /** No farewell: it would wait behind all that the client does not read. */
  closeSlowReader(): void {
    if (this.hasEnded) return
    const { unsentBytes } = this.outbox
    const { queuedMessages, queuedBytes } = this.session.state.outbound
    const problem = `${unsentBytes} bytes were unsent, ${queuedMessages} messages of ${queuedBytes} bytes queued`
    this.#link.destroy()
    this.report('slow-reader', { problem, closed: true })
    this.#end('slow-reader', false)
  }

  // Being slowed

  pauseFor(client: Congestible): boolean {
    if (this.hasEnded || this.#around.congestion.has(this.session)) return false
    this.waitFor(client)
    return true
  }

  waitFor(client: Congestible): void {
    if (this.hasEnded) return
    this.#waitsFor ??= new Set()
    this.#waitsFor.add(client)
    if (this.isPaused) return
    this.isPaused = true
    this.#link.pauseReading()
  }

  release(client: Congestible): void {
    this.#waitsFor?.delete(client)
    if (!this.#isHeldUp) this.#around.turn.add('resume', this)
  }

  get #isHeldUp(): boolean {
    return this.#waitsFor !== undefined && this.#waitsFor.size > 0
  }

  resume(): void {
    if (!this.isPaused || this.hasEnded || this.#isHeldUp) return
    this.isPaused = false
    this.heardAt = this.#around.tick
    this.#read()
    if (!this.isPaused && !this.hasEnded) this.#link.resumeReading()
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
        this.#around.subscribe(this.session, effect.filter, effect.options)
        break
      case 'unsubscribe':
        this.#around.unsubscribe(this.session, effect.filter)
        this.#feed?.remove(effect.filter)
        break
      case 'retained':
        this.#feedRetained(effect)
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
        this.#close(effect)
        break
      default:
        effect satisfies never
    }
  }

  #read(): void {
    if (this.#isReading) return
    const framer = this.#framer
    if (framer !== undefined) this.#readFrames(framer)
    if (this.#feed !== undefined && !this.hasEnded) this.#runFeed() // acknowledgements made room
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
    if (framer.isEmpty) this.#around.reading.giveBack(framer)
  }

  #receiveFrame(framer: Framer): void {
    const { firstByte, bodyStart, end, buffer } = framer
    if (firstByte >> 4 === publishType) {
      this.#intake ??= new PublishIntake(this, this.#around)
      this.#intake.receive(framer)
      return
    }
    const packetId = firstByte === barePuback && end - bodyStart === 2 ? buffer.readUInt16BE(bodyStart) : 0
    if (packetId > 0) this.perform(this.session.state.outbound.acknowledgeQos1(packetId))
    else this.perform(receivePacket(this.session.state, decode(framer, this.level)))
  }

  #failed(error: unknown): void {
    if (error instanceof MalformedPacket) {
      const { reasonCode, message } = error
      this.#close(failure(malformedReasons[reasonCode], reasonCode, message)) // [MQTT-4.13.1-1]
      return
    }
    this.#around.failed(error)
    this.close('internal-error')
  }

  #close({ reason, reasonCode, problem, discardsWill }: Close): void {
    if (this.hasEnded) return
    if (this.level === 5 && reasonCode !== undefined) {
      this.send({ type: 'disconnect', reasonCode, properties: { reasonString: problem } })
    }
    this.outbox.flush()
    this.#link.end()
    // A client's own goodbye is none of the incidents.
    if (reason !== 'client-disconnected' && incidents.has(reason)) this.report(reason, { problem, closed: true })
    this.#end(reason, discardsWill)
  }

  #end(reason: OfflineReason, discardsWill: boolean): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.#link.drainListener = undefined
    this.#around.congestion.forget(this)
    this.#waitsFor = undefined
    this.#feed = undefined
    this.#owed?.clear()
    this.#around.ended(this, reason, discardsWill)
  }
}

/** The reason's code, where DISCONNECT may carry it. [MQTT-3.14.2-1] */
function disconnectCode(reason: ReasonCode): number {
  const code = reasonOf(reason).mqtt5
  return isReasonCode('disconnect', code, 5) ? code : reasonCodes.unspecifiedError
}

const malformedReasons = {
  129: 'packet-malformed',
  130: 'protocol-error',
  132: 'protocol-error',
  148: 'topic-alias-invalid',
  149: 'packet-too-large',
} as const
