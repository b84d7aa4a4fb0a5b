import { decodeAuth, encodeAuth } from './auth.ts'
import { decodeConnack, encodeConnack } from './connack.ts'
import { decodeConnect, encodeConnect } from './connect.ts'
import { decodeDisconnect, encodeDisconnect } from './disconnect.ts'
import { MalformedPacket } from './errors.ts'
import { type Frame, type ProtocolLevel, packetTypeOf } from './frame.ts'
import type { Packet } from './packet.ts'
import { decodePingreq, encodePingreq } from './pingreq.ts'
import { decodePingresp, encodePingresp } from './pingresp.ts'
import { decodePuback, encodePuback } from './puback.ts'
import { decodePubcomp, encodePubcomp } from './pubcomp.ts'
import { decodePublish, encodePublish } from './publish.ts'
import { decodePubrec, encodePubrec } from './pubrec.ts'
import { decodePubrel, encodePubrel } from './pubrel.ts'
import { decodeSuback, encodeSuback } from './suback.ts'
import { decodeSubscribe, encodeSubscribe } from './subscribe.ts'
import { decodeUnsuback, encodeUnsuback } from './unsuback.ts'
import { decodeUnsubscribe, encodeUnsubscribe } from './unsubscribe.ts'

/**
 * The packet in a frame, read at the level that CONNECT settled (CONNECT itself carries its own).
 * Buffers in it are views of the frame's memory. Throws MalformedPacket, and nothing else.
 */
export function decode(frame: Frame, level: ProtocolLevel): Packet {
  const type = packetTypeOf(frame.firstByte)
  switch (type) {
    case 'publish':
      return decodePublish(frame, level)
    case 'puback':
      return decodePuback(frame, level)
    case 'pubrec':
      return decodePubrec(frame, level)
    case 'pubrel':
      return decodePubrel(frame, level)
    case 'pubcomp':
      return decodePubcomp(frame, level)
    case 'pingreq':
      return decodePingreq(frame, level)
    case 'pingresp':
      return decodePingresp(frame, level)
    case 'connect':
      return decodeConnect(frame)
    case 'connack':
      return decodeConnack(frame, level)
    case 'subscribe':
      return decodeSubscribe(frame, level)
    case 'suback':
      return decodeSuback(frame, level)
    case 'unsubscribe':
      return decodeUnsubscribe(frame, level)
    case 'unsuback':
      return decodeUnsuback(frame, level)
    case 'disconnect':
      return decodeDisconnect(frame, level)
    case 'auth':
      return decodeAuth(frame, level)
    case 'reserved':
      throw new MalformedPacket(type, 0x81, 'packet type 0 is reserved', level)
  }
}

/**
 * The packet's bytes at a level (CONNECT goes by its own). What the level cannot carry (properties, reason codes below
 * MQTT 5) is left out. Throws RangeError for a value that MQTT cannot carry.
 */
export function encode(packet: Packet, level: ProtocolLevel): Buffer {
  switch (packet.type) {
    case 'publish':
      return encodePublish(packet, level)
    case 'puback':
      return encodePuback(packet, level)
    case 'pubrec':
      return encodePubrec(packet, level)
    case 'pubrel':
      return encodePubrel(packet, level)
    case 'pubcomp':
      return encodePubcomp(packet, level)
    case 'pingreq':
      return encodePingreq()
    case 'pingresp':
      return encodePingresp()
    case 'connect':
      return encodeConnect(packet)
    case 'connack':
      return encodeConnack(packet, level)
    case 'subscribe':
      return encodeSubscribe(packet, level)
    case 'suback':
      return encodeSuback(packet, level)
    case 'unsubscribe':
      return encodeUnsubscribe(packet, level)
    case 'unsuback':
      return encodeUnsuback(packet, level)
    case 'disconnect':
      return encodeDisconnect(packet, level)
    case 'auth':
      return encodeAuth(packet, level)
    default:
      return packet satisfies never
  }
}
