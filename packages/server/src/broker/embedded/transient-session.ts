import type { Identity } from '../port.ts'
import { overflow } from './engine/outbound.ts'
import type { TransientState } from './engine/state.ts'
import { hasExpired, keepUntilExpiry } from './message-expiry.ts'
import type { Publication } from './publication.ts'
import {
  aliased,
  type Line,
  type Outgoing,
  passOn,
  qosOf,
  Session,
  type SessionServices,
  shortQueue,
} from './session.ts'
import type { Subscriber } from './subscriber.ts'
import type { Target } from './topic-tree.ts'

/** A session that ends with its connection. */
export class TransientSession extends Session {
  readonly isDurable = false
  readonly state: TransientState<Outgoing>

  constructor(identity: Identity, state: TransientState<Outgoing>, services: SessionServices) {
    super(identity, services)
    this.state = state
  }

  /** The connection is over, and with it the session: what waits is lost. */
  end(): void {
    const { meter, congestion } = this.services
    const { outbound } = this.state
    this.line = undefined
    meter.queuedBytes -= outbound.queuedBytes
    const nowMs = this.services.now()
    passOn(outbound.held(), nowMs)
    meter.dropped['session-ended'] += outbound.queuedMessages - passOn(outbound.waiting(), nowMs)
    outbound.clear()
    congestion.leave(this)
  }

  /** Sends what the window and the link allow of the queue. */
  pump(): void {
    const line = this.line
    if (line === undefined) return
    const { outbound } = this.state
    const { meter, settings } = this.services
    while (outbound.isReady && line.outbox.unsentBytes < settings.unsentBytes) {
      const next = outbound.take()
      if (next === undefined) break
      const { message, qos, sizeBytes } = next.queued
      meter.queuedBytes -= sizeBytes
      if (message.publication.expiresAtMs !== 0 && hasExpired(message.publication, this.services.now())) {
        outbound.discard(next.packetId)
        meter.dropped.expired++
        continue
      }
      this.#put(line, message, qos, next.packetId)
    }
    this.checkRelief()
  }

  protected keep(): boolean {
    return false
  }

  protected sendOrQueue(line: Line, publication: Publication, firstByte: number, target: Target<Subscriber>): boolean {
    const { settings, meter } = this.services
    const { identifiers, group } = target
    const { outbound } = this.state
    const qos = qosOf(firstByte)
    const shape = this.shapeFor(line, publication, identifiers, qos)
    const sizeBytes = shape.end - shape.start
    if (sizeBytes > line.maxPacketSizeBytes) return this.tooLarge()
    const offer = outbound.offer(qos, sizeBytes, line.outbox.unsentBytes < settings.unsentBytes)
    if (offer > 0) {
      line.outbox.publish(aliased(line, publication, shape), firstByte, offer)
      meter.messagesOut[qos]++
      this.services.watches.passed('down', this.identity.sessionId, firstByte, publication)
      line.wrote()
      if (group !== undefined && qos === 1) {
        const kept = keepUntilExpiry(publication, this.services.now())
        outbound.hold(offer, { publication: kept, firstByte, identifiers, group })
      }
      return true
    }
    if (offer === overflow || (meter.queuedBytes > settings.queuedBytesTotal && outbound.fullness > shortQueue)) {
      meter.dropped['slow-reader']++
      line.endSlowReader()
      return false
    }
    const kept = keepUntilExpiry(publication, this.services.now())
    outbound.enqueue({ message: { publication: kept, firstByte, identifiers, group }, qos, sizeBytes })
    meter.queuedBytes += sizeBytes
    this.checkCongestion(line)
    return true
  }

  #put(line: Line, message: Outgoing, qos: 1 | 2, packetId: number): void {
    const { publication, identifiers, firstByte } = message
    const shape = this.shapeFor(line, publication, identifiers, qos)
    line.outbox.publish(aliased(line, publication, shape), firstByte, packetId)
    this.services.meter.messagesOut[qos]++
    this.services.watches.passed('down', this.identity.sessionId, firstByte, publication)
    line.wrote()
    if (message.group !== undefined && qos === 1) this.state.outbound.hold(packetId, message)
  }
}
