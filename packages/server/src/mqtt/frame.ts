/** 3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0: the byte that CONNECT carries. */
export type ProtocolLevel = 3 | 4 | 5

export type Qos = 0 | 1 | 2

/** Control packet types; the index is the number in the upper half of the first byte. [MQTT 5.0 section 2.1.2] */
export const packetTypes = [
  'reserved',
  'connect',
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'pingreq',
  'pingresp',
  'disconnect',
  'auth',
] as const

export type PacketType = (typeof packetTypes)[number]

/**
 * One whole control packet inside a larger buffer: bytes `start` to `end` (exclusive), body from `bodyStart`.
 * A `Framer` is a Frame itself, so that walking through packets allocates nothing.
 */
export interface Frame {
  readonly buffer: Buffer
  readonly firstByte: number
  readonly start: number
  readonly bodyStart: number
  readonly end: number
}

export function packetTypeOf(firstByte: number): PacketType {
  return packetTypes[firstByte >> 4] ?? 'reserved'
}

/** The first byte of a packet whose lower four bits are `flags`. */
export function firstByteOf(type: PacketType, flags = 0): number {
  return (packetTypes.indexOf(type) << 4) | flags
}

/** Bytes that the Remaining Length (or any variable byte integer) takes. [MQTT-1.5.5-1] */
export function variableByteIntegerSize(value: number): 1 | 2 | 3 | 4 {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  return value < 0x200000 ? 3 : 4
}

/** The largest variable byte integer, and so the largest Remaining Length: 256 MiB less one byte. */
export const maxVariableByteInteger = 0x0fffffff
