import type { ReasonCode } from '@hatchway/protocol'
import type { Attachment, Broker } from '../broker/port.ts'
import {
  type Connect,
  decode,
  decodeConnect,
  encode,
  type Frame,
  Framer,
  MalformedPacket,
  type ProtocolLevel,
  packetTypeOf,
  reasonCodes,
} from '../mqtt/index.ts'
import type { Admission, Onboarding, Peer, RegisteredDevice } from '../onboarding/admission.ts'
import type { Journal } from '../registry/registry.ts'
import type { JournalDetail } from '../registry/types.ts'
import type { Deadlines } from './deadlines.ts'
import type { GatewayLink } from './gateway-link.ts'
import type { GatewayLog } from './gateway-log.ts'
import { gatewayEntry } from './journal-entry.ts'
import { refusalOf, refusalOfMalformed } from './refusal.ts'
import { openingBytes, stepOfRegistration } from './registration-session.ts'

/** What all connections of a gateway share. */
export interface ConnectionContext {
  onboarding: Onboarding
  broker: Pick<Broker, 'attach'>
  journal: Pick<Journal, 'record'>
  clock: { now(): number }
  log: GatewayLog
  /** How long onboarding may think. */
  admitting: Deadlines<Connection>
  /** How long a registered device may take to hang up. */
  registered: Deadlines<Connection>
  /** Connections that the broker has. */
  attached: { count: number }
}

/** Who made the connection, for the time before its CONNECT. */
export interface ConnectionOwner {
  readonly peer: Peer
  /** The first packet is whole: the time-out for it no longer runs. */
  connectArrived(): void
}

/** A CONNECT with its credentials is far below it; nothing larger is held for a stranger. */
export const maxConnectBytes = 8192
/** Answers that a registered device doesn't read. */
const maxUnreadBytes = 65_536

const mqttVersions = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const

/**
 * One MQTT connection, whatever carries it: takes the first packet, asks onboarding, and then either refuses, hands over
 * a credential, or feeds the broker. Bytes go in by `receive`, and out through the link.
 */
export class Connection {
  readonly #context: ConnectionContext
  readonly #owner: ConnectionOwner
  readonly #link: GatewayLink
  #state: 'connect' | 'admitting' | 'registered' | 'attached' | 'done' = 'connect'
  /** Let go of once the broker frames for itself. */
  #framer: Framer | undefined = new Framer({ maxPacketSizeBytes: maxConnectBytes })
  #level: ProtocolLevel | undefined
  #paused = false
  #attachment: Attachment | undefined
  /** Known once a registration is through. */
  #device: RegisteredDevice | undefined

  constructor(context: ConnectionContext, owner: ConnectionOwner, link: GatewayLink) {
    this.#context = context
    this.#owner = owner
    this.#link = link
  }

  get awaitsConnect(): boolean {
    return this.#state === 'connect'
  }

  /** Bytes from the peer, cut anywhere. */
  receive(chunk: Buffer): void {
    try {
      if (this.#attachment !== undefined) this.#attachment.receive(chunk)
      else if (this.#framer !== undefined) this.#read(chunk, this.#framer)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The socket is gone. Idempotent. */
  closed(): void {
    if (this.#state === 'connect' && this.#framer !== undefined && this.#framer.heldBytes > 0) {
      this.#journal('packet-malformed', { problem: 'the peer hung up inside its first packet' })
    }
    this.#finish()
    this.#link.closed()
    const attachment = this.#attachment
    this.#attachment = undefined
    if (attachment === undefined) return
    this.#context.attached.count -= 1
    attachment.closed()
  }

  /** Sends what is under way, then ends. */
  end(): void {
    this.#finish()
    this.#link.end()
  }

  /** Onboarding took too long: the device may try again. */
  admissionTimedOut(): void {
    this.#refuse('internal-error', { problem: 'onboarding did not answer in time' })
  }

  registrationTimedOut(): void {
    this.#journal('registration-timeout')
    this.end()
  }

  /** Closed without an answer, for a fault of the peer. */
  abort(reason: ReasonCode, problem: string): void {
    this.#journal(reason, { problem })
    this.discard()
  }

  /** Closed without an answer and without a word in the journal. */
  discard(): void {
    this.#finish()
    this.#link.destroy()
  }

  #read(chunk: Buffer, framer: Framer): void {
    framer.push(chunk)
    if (this.#state === 'connect') this.#readConnect(framer)
    else if (this.#state === 'registered') this.#readPackets(framer)
    else if (this.#state === 'admitting') this.#pause()
  }

  #readConnect(framer: Framer): void {
    try {
      if (!framer.next()) return
      this.#owner.connectArrived()
      const type = packetTypeOf(framer.firstByte)
      if (type !== 'connect')
        this.abort('first-packet-not-connect', `it is ${type.toUpperCase()}`) // [MQTT-3.1.0-1]
      else this.#ask(decodeConnect(framer))
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error
      this.#refuseMalformed(error)
    }
  }

  #ask(connect: Connect): void {
    this.#level = connect.protocolLevel
    this.#state = 'admitting'
    void this.#admit(connect)
  }

  async #admit(connect: Connect): Promise<void> {
    this.#context.admitting.add(this)
    try {
      const admission = await this.#context.onboarding.admit(connect, this.#owner.peer)
      // The peer may have gone, or the wait may have been cut, while onboarding was at work.
      if (this.#state !== 'admitting') return
      this.#context.admitting.remove(this)
      this.#perform(connect, connect.protocolLevel, admission)
    } catch (error) {
      if (this.#state !== 'admitting') return this.#fail(error)
      this.#context.log.error({ err: error, address: this.#owner.peer.address }, 'onboarding failed')
      this.#refuse('internal-error', { problem: 'onboarding failed' })
    }
  }

  #perform(connect: Connect, level: ProtocolLevel, admission: Admission): void {
    if (admission.kind === 'admitted') this.#attach(connect, admission)
    else if (admission.kind === 'registered') this.#deliver(admission, level)
    else this.#refuse(admission.reason)
  }

  #attach(connect: Connect, admission: Admission & { kind: 'admitted' }): void {
    const { identity, keepAliveSeconds, keepAliveChanged, serverSubscriptions } = admission
    const link = this.#link
    const rest = this.#framer?.takeRest()
    this.#framer = undefined
    this.#state = 'attached'
    // With a Keep Alive it is the broker that notices a silent peer.
    if (keepAliveSeconds === 0) link.probePeer()
    const request = { identity, connect, link, keepAliveSeconds, keepAliveChanged, serverSubscriptions }
    this.#attachment = this.#context.broker.attach(request)
    this.#context.attached.count += 1
    // Before the rest is handed over: from then on pausing is the broker's.
    this.#resume()
    if (rest !== undefined && rest.length > 0) this.#attachment.receive(rest)
  }

  #deliver({ push, device }: Admission & { kind: 'registered' }, level: ProtocolLevel): void {
    this.#state = 'registered'
    this.#device = device
    this.#link.writeNow(openingBytes(push, level))
    this.#context.registered.add(this)
    this.#resume()
    if (this.#framer !== undefined) this.#readPackets(this.#framer)
  }

  #readPackets(framer: Framer): void {
    try {
      while (this.#state === 'registered' && framer.next()) this.#answer(framer, this.#level ?? 4)
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error
      this.abort(reasonOfMalformed(error), error.message)
    }
  }

  #answer(frame: Frame, level: ProtocolLevel): void {
    const step = stepOfRegistration(decode(frame, level), level)
    if (step.kind === 'answer') {
      this.#link.write(encode(step.packet, level))
      if (this.#link.pendingBytes > maxUnreadBytes) this.abort('slow-reader', 'it does not read its answers')
      return
    }
    if (step.reason !== null) this.#journal(step.reason, step.detail)
    this.end()
  }

  /** With a detail it is journaled here; onboarding journals its own refusals. */
  #refuse(reason: ReasonCode, detail?: JournalDetail): void {
    const refusal = refusalOf(reason, this.#level ?? 4)
    if (detail !== undefined) this.#journal(reason, detail, refusal.code)
    this.#link.writeNow(refusal.bytes)
    this.end()
  }

  #refuseMalformed(error: MalformedPacket): void {
    const { message, protocolLevel } = error
    const refusal = refusalOfMalformed(error)
    if (protocolLevel === 3 || protocolLevel === 4 || protocolLevel === 5) this.#level = protocolLevel
    this.#owner.connectArrived()
    if (refusal === null) {
      this.abort(reasonOfMalformed(error), message)
      return
    }
    this.#journal(reasonOfMalformed(error), { problem: message }, refusal.code)
    this.#link.writeNow(refusal.bytes)
    this.end()
  }

  /** A fault of ours: this connection ends, the others go on. */
  #fail(error: unknown): void {
    this.#context.log.error({ err: error, address: this.#owner.peer.address }, 'a connection failed')
    this.discard()
  }

  /** One chunk at most comes before this: while onboarding thinks, what a stranger can make us hold is bounded. */
  #pause(): void {
    this.#paused = true
    this.#link.pauseReading()
  }

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#link.resumeReading()
  }

  /** From here on only the link's end is awaited. An attachment hears of that by `closed`. */
  #finish(): void {
    this.#context.admitting.remove(this)
    this.#context.registered.remove(this)
    this.#framer = undefined
    this.#state = 'done'
  }

  #journal(reason: ReasonCode, detail?: JournalDetail, connackCode?: number): void {
    const mqttVersion = this.#level === undefined ? null : mqttVersions[this.#level]
    const entry = gatewayEntry(this.#context.clock.now(), this.#owner.peer, reason)
    const codes = { mqttVersion, connackCode: connackCode ?? null, detail: detail ?? null }
    this.#context.journal.record({ ...entry, ...this.#device, ...codes })
  }
}

function reasonOfMalformed(error: MalformedPacket): ReasonCode {
  if (error.reasonCode === reasonCodes.unsupportedProtocolVersion) return 'protocol-version-unsupported'
  return error.reasonCode === reasonCodes.packetTooLarge ? 'packet-too-large' : 'packet-malformed'
}
