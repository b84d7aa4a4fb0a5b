import type { Packet, ProtocolLevel } from '../../mqtt/index.ts'
import { Outbox } from '../client/outbox.ts'
import { encodeFor, type PacketReader, wantsProblems } from '../client/reason-strings.ts'
import type { AttachRequest, DrainListener, Link } from '../port.ts'
import type { RelaySurroundings } from './surroundings.ts'
import type { UpstreamLine } from './upstream/line.ts'

/** Bytes that a client has not read, above which the cluster is read no further for it. */
const unreadBytesMax = 256 * 1024

/**
 * The sending half of a relayed connection, to the client and to the cluster: what a turn has gathered leaves together, and a side
 * that takes its bytes too slowly has the other one wait.
 */
export abstract class RelayedLines implements DrainListener, PacketReader {
  readonly level: ProtocolLevel
  readonly maxPacketSizeBytes: number
  readonly wantsProblems: boolean
  hasEnded = false
  protected readonly link: Link
  protected readonly around: RelaySurroundings
  /** The connection at the cluster, once it has taken the client. */
  protected line: UpstreamLine | undefined
  /** The client waits for the cluster: it is not read. */
  protected isPaused = false
  /** The cluster waits for the client: it is not read. */
  protected isUpstreamPaused = false
  /** Since when the client waits for the cluster, if it does. */
  protected heldAt = 0
  /** The sweep of the first bytes that the cluster has not answered with anything. */
  protected unansweredSince: number | undefined
  /** The sweep of the client's last byte. */
  protected heardAt: number
  readonly #toClient: Outbox
  #toUpstream: Outbox | undefined

  constructor({ connect, link }: AttachRequest, around: RelaySurroundings) {
    this.level = connect.protocolLevel
    this.maxPacketSizeBytes = connect.properties?.maximumPacketSizeBytes ?? Number.POSITIVE_INFINITY
    this.wantsProblems = wantsProblems(connect)
    this.link = link
    this.around = around
    this.heardAt = around.tick
    this.#toClient = new Outbox(link, around.meter)
    link.drainListener = this
  }

  /** Whether the client's packets may not go on, however much room there is. */
  protected abstract get isHeldBack(): boolean
  /** The client was sent a packet that it does not take. */
  protected abstract packetTooLarge(type: Packet['type'], problem: string): void
  protected abstract slowReader(problem: string): void

  /** Bytes on their way, in both directions. */
  get queuedBytes(): number {
    return this.link.pendingBytes + (this.line?.pendingBytes ?? 0)
  }

  protected sendBy(line: UpstreamLine): void {
    this.line = line
    this.#toUpstream = new Outbox(line, this.around.upstreamMeter)
  }

  forward(buffer: Buffer, start: number, end: number): void {
    this.unansweredSince ??= this.around.tick
    this.#toUpstream?.append(buffer, start, end)
  }

  toClient(buffer: Buffer, start: number, end: number): void {
    this.#toClient.append(buffer, start, end)
  }

  send(packet: Packet): void {
    const problem = this.sendIfTaken(packet)
    if (problem !== undefined && packet.type !== 'disconnect') this.packetTooLarge(packet.type, problem)
  }

  /** Says what is wrong if the packet has more bytes than the client takes; then it is not sent. */
  protected sendIfTaken(packet: Packet): string | undefined {
    const bytes = encodeFor(packet, this)
    if (bytes.length <= this.maxPacketSizeBytes) {
      this.#toClient.packet(bytes)
      return undefined
    }
    return `${packet.type.toUpperCase()} has ${bytes.length} bytes, the client takes ${this.maxPacketSizeBytes}`
  }

  /** Hands over what the turn has gathered, and has each side wait for the other if there is too much. */
  protected flush(): void {
    const { line } = this
    const outbox = this.#toUpstream
    if (line !== undefined && outbox !== undefined && outbox.gatheredBytes > 0) {
      line.together(outbox.gatheredBytes, () => outbox.flush())
      if (line.isFull) this.pauseClient()
    }
    this.#toClient.flush()
    if (this.hasEnded) return
    const { unsentBytes } = this.#toClient
    if (unsentBytes > this.around.limits.unsentBytesMax) this.slowReader(`${unsentBytes} bytes were unsent`)
    else if (unsentBytes > unreadBytesMax) this.#waitForClient()
  }

  protected flushToClient(): void {
    this.#toClient.flush()
  }

  protected flushToUpstream(): void {
    this.#toUpstream?.flush()
  }

  drained(): void {
    if (this.hasEnded) return
    this.resumeClient()
    this.#readOn()
  }

  protected pauseClient(): void {
    if (this.isPaused) return
    this.isPaused = true
    this.heldAt = this.around.tick
    this.link.pauseReading()
  }

  protected resumeClient(): void {
    if (!this.isPaused || this.hasEnded || this.isHeldBack || this.line?.isFull !== false) return
    this.isPaused = false
    this.heardAt = this.around.tick
    this.link.resumeReading()
  }

  #waitForClient(): void {
    if (this.isUpstreamPaused || this.line === undefined) return
    this.isUpstreamPaused = true
    this.line.pause()
    // The link may send all of it without ever being blocked, and then has no drain to tell of: ask it once.
    setImmediate(() => this.#readOn())
  }

  #readOn(): void {
    if (!this.isUpstreamPaused || this.hasEnded) return
    this.#toClient.refresh()
    if (this.#toClient.unsentBytes > unreadBytesMax / 2) return
    this.isUpstreamPaused = false
    this.unansweredSince = undefined
    this.line?.resume()
  }
}
