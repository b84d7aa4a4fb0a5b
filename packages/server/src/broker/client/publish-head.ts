import { decodePublish, type Frame, type ProtocolLevel, type PublishProperties, type Qos } from '../../mqtt/index.ts'
import type { PublishBytes } from './outbox.ts'

const noBytes = Buffer.alloc(0)

/** Where the parts of a PUBLISH stand, read in place. One object serves many messages: it is valid until the next `read`. */
export class PublishHead implements PublishBytes {
  buffer: Buffer = noBytes
  start = 0
  end = 0
  packetIdOffset = 0
  firstByte = 0
  /** Where the topic stands, its two length bytes not included. */
  topicStart = 0
  topicEnd = 0
  payloadStart = 0
  packetId = 0
  qos: Qos = 0
  /** Known only where the original has some. */
  properties: PublishProperties | undefined
  /** Of MQTT 5, their length included; else where the payload is. */
  protected propertiesStart = 0

  /**
   * PUBLISH = FirstByte RemainingLength Topic:string [PacketIdentifier:uint16] [Properties] Payload
   *
   * Only what every message needs is looked at. Whatever is unusual goes to the codec, which throws MalformedPacket with
   * what is wrong. The topic's characters are not checked here: `decodePublish` is for topics seen for the first time.
   */
  read(frame: Frame, level: ProtocolLevel): void {
    const { buffer, firstByte, start, end, bodyStart } = frame
    const qos = (firstByte >> 1) & 3
    const topicStart = bodyStart + 2
    const topicEnd = topicStart + (((buffer[bodyStart] ?? 0) << 8) | (buffer[bodyStart + 1] ?? 0))
    const propertiesStart = qos === 0 ? topicEnd : topicEnd + 2
    const plain = propertiesStart + (level === 5 ? 1 : 0) <= end && qos !== 3 && (firstByte & 0x0e) !== 0x08
    const packetId = plain && qos > 0 ? buffer.readUInt16BE(topicEnd) : 0
    this.properties = undefined
    this.payloadStart = propertiesStart
    if (!plain || (qos > 0 && packetId === 0) || (level === 5 && buffer[propertiesStart] !== 0)) {
      const { properties, payload } = decodePublish(frame, level)
      this.properties = properties
      this.payloadStart = end - payload.length
    } else if (level === 5) this.payloadStart++
    this.buffer = buffer
    this.start = start
    this.end = end
    this.firstByte = firstByte
    this.topicStart = topicStart
    this.topicEnd = topicEnd
    this.packetId = packetId
    this.qos = qos as Qos // 3 was refused by decodePublish
    this.packetIdOffset = qos > 0 ? topicEnd - start : 0
    this.propertiesStart = propertiesStart
  }

  get retain(): boolean {
    return (this.firstByte & 1) !== 0
  }

  get payload(): Buffer {
    return this.buffer.subarray(this.payloadStart, this.end)
  }
}
