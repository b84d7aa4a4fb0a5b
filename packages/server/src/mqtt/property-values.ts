import { maxVariableByteInteger, variableByteIntegerSize } from './frame.ts'
import type { Reader } from './primitives.ts'
import type { WireValues } from './property-table.ts'
import { isTopicName } from './topic.ts'
import { binarySize, stringSize, type Writer } from './writer.ts'

/** Reads and writes the value of one wire type; `name` is the property's, for errors. Sizes are in bytes. */
export interface PropertyCodec<Value = unknown> {
  read(reader: Reader, name: string): Value
  /** Throws RangeError for a value that the wire type cannot carry. */
  size(value: Value, name: string): number
  write(writer: Writer, value: Value): void
}

const string: PropertyCodec<string> = {
  read: (reader, name) => reader.string(name),
  size: (value, name) => stringSize(value, name),
  write: (writer, value) => writer.string(value),
}

const uint16 = integer(2, 0)
const uint32 = integer(4, 0)

const topicAlias: PropertyCodec<number> = {
  ...integer(2, 1),
  read(reader, name) {
    const value = reader.uint16(name)
    if (value === 0) throw reader.fail(0x94, `${name} is 0`) // [MQTT-3.3.2-8]
    return value
  },
}

const codecs: { readonly [Wire in keyof WireValues]: PropertyCodec<WireValues[Wire]> } = {
  bit: {
    read: readBit,
    size: () => 1,
    write: (writer, value) => writer.byte(value),
  },
  flag: {
    read: (reader, name) => readBit(reader, name) === 1,
    size: () => 1,
    write: (writer, value) => writer.byte(value ? 1 : 0),
  },
  uint16,
  positiveUint16: integer(2, 1),
  topicAlias,
  uint32,
  positiveUint32: integer(4, 1),
  positiveInteger: {
    read: (reader, name) => atLeast(1, reader.variableByteInteger(name), { reader, name }),
    size: (value, name) => variableByteIntegerSize(inRange(value, 1, maxVariableByteInteger, name)),
    write: (writer, value) => writer.variableByteInteger(value),
  },
  string,
  topicName: {
    ...string,
    read(reader, name) {
      const topic = reader.string(name)
      if (!isTopicName(topic)) throw reader.protocolError(`${name} is empty or has a wildcard`) // [MQTT-3.3.2-14]
      return topic
    },
  },
  binary: {
    read: (reader, name) => reader.binary(name),
    size: (value, name) => binarySize(value, name),
    write: (writer, value) => writer.binary(value),
  },
  pair: {
    read: (reader, name) => [reader.string(name), reader.string(name)],
    size: ([key, value], name) => stringSize(key, name) + stringSize(value, name),
    write(writer, [key, value]) {
      writer.string(key)
      writer.string(value)
    },
  },
}

/** By wire type. The table in property-table.ts gives each property's value the type that its codec takes. */
export const propertyCodecs: { readonly [Wire in keyof WireValues]: PropertyCodec } = codecs

function integer(sizeBytes: 2 | 4, minimum: 0 | 1): PropertyCodec<number> {
  const maximum = sizeBytes === 2 ? 0xffff : 0xffffffff
  return {
    read(reader, name) {
      const value = sizeBytes === 2 ? reader.uint16(name) : reader.uint32(name)
      return atLeast(minimum, value, { reader, name })
    },
    size(value, name) {
      inRange(value, minimum, maximum, name)
      return sizeBytes
    },
    write: (writer, value) => (sizeBytes === 2 ? writer.uint16(value) : writer.uint32(value)),
  }
}

function readBit(reader: Reader, name: string): 0 | 1 {
  const value = reader.byte(name)
  if (value === 0 || value === 1) return value
  throw reader.protocolError(`${name} is ${value}, it must be 0 or 1`)
}

function atLeast(minimum: number, value: number, at: { reader: Reader; name: string }): number {
  if (value < minimum) throw at.reader.protocolError(`${at.name} is ${value}, it must be at least ${minimum}`)
  return value
}

function inRange(value: number, minimum: number, maximum: number, name: string): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value
  throw new RangeError(`${name} is ${value}, it must be a whole number from ${minimum} to ${maximum}`)
}
