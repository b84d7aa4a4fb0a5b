import { variableByteIntegerSize } from './frame.ts'
import type { Reader } from './primitives.ts'
import { type PropertiesOf, type PropertyDefinition, type PropertyScope, propertyTable } from './property-table.ts'
import { type PropertyCodec, propertyCodecs } from './property-values.ts'
import type { Writer } from './writer.ts'

interface Property {
  readonly name: string
  readonly id: number
  readonly repeats: boolean
  readonly codec: PropertyCodec
}

/** The properties of one scope, in the order they are written, and by identifier. */
interface ScopeProperties {
  readonly ordered: readonly Property[]
  readonly byId: readonly (Property | undefined)[]
}

const table = Object.entries<PropertyDefinition>(propertyTable).map(([name, { id, repeats, wire, scopes }]) => ({
  property: { name, id, repeats, codec: propertyCodecs[wire] } satisfies Property,
  scopes,
}))

// Every packet with properties may carry user properties: their scopes are all scopes.
const byScope: ReadonlyMap<PropertyScope, ScopeProperties> = new Map(
  propertyTable.userProperties.scopes.map(scope => {
    const ordered = table.filter(({ scopes }) => scopes.includes(scope)).map(({ property }) => property)
    const largestId = Math.max(...ordered.map(({ id }) => id))
    const byId = Array.from({ length: largestId + 1 }, (_, id) => ordered.find(property => property.id === id))
    return [scope, { ordered, byId }]
  }),
)

function propertiesOf(scope: PropertyScope): ScopeProperties {
  return byScope.get(scope)! // it has every scope
}

/**
 * Properties = PropertyLength:variable-byte-integer *( Identifier:variable-byte-integer Value )
 *
 * Undefined when there are none. A property that stands twice, or whose value its definition forbids, is a protocol
 * error; one that the packet may not carry is malformed. [MQTT 5.0 section 2.2.2]
 */
export function readProperties<Scope extends PropertyScope>(
  reader: Reader,
  scope: Scope,
): PropertiesOf<Scope> | undefined {
  const length = reader.variableByteInteger('property length')
  if (length === 0) return undefined
  const packetEnd = reader.end
  const end = reader.offset + length
  if (end > packetEnd) throw reader.malformed('the property length reaches behind its end')
  reader.end = end
  const properties: Record<string, unknown> = {}
  while (reader.offset < end) readProperty(reader, scope, properties)
  reader.end = packetEnd
  return properties as PropertiesOf<Scope> // the table gave each name its value's type
}

function readProperty(reader: Reader, scope: PropertyScope, properties: Record<string, unknown>): void {
  const id = reader.variableByteInteger('property identifier')
  const property = propertiesOf(scope).byId[id]
  if (property === undefined) throw reader.malformed(`property ${id} is not allowed in ${scope}`)
  const { name, repeats, codec } = property
  const earlier = properties[name]
  if (!repeats && earlier !== undefined) throw reader.protocolError(`${name} stands twice`)
  const value = codec.read(reader, name)
  if (!repeats) properties[name] = value
  else if (Array.isArray(earlier)) earlier.push(value)
  else properties[name] = [value]
}

/** Bytes of the properties without the property length in front of them. */
export function propertiesLength<Scope extends PropertyScope>(
  scope: Scope,
  properties: PropertiesOf<Scope> | undefined,
): number {
  if (properties === undefined) return 0
  let length = 0
  for (const { name, repeats, codec } of propertiesOf(scope).ordered) {
    const value = (properties as Record<string, unknown>)[name]
    if (value === undefined) continue
    if (repeats) for (const one of value as unknown[]) length += 1 + codec.size(one, name)
    else length += 1 + codec.size(value, name)
  }
  return length
}

/** Bytes of a block of `length` bytes with its length in front. */
export function withLengthPrefix(length: number): number {
  return variableByteIntegerSize(length) + length
}

/** Writes them with the property length; `length` is what `propertiesLength` said. Identifiers all take one byte. */
export function writeProperties<Scope extends PropertyScope>(
  writer: Writer,
  scope: Scope,
  properties: PropertiesOf<Scope> | undefined,
  length: number,
): void {
  writer.variableByteInteger(length)
  if (properties === undefined) return
  for (const property of propertiesOf(scope).ordered) {
    const value = (properties as Record<string, unknown>)[property.name]
    if (value === undefined) continue
    if (property.repeats) for (const one of value as unknown[]) writeProperty(writer, property, one)
    else writeProperty(writer, property, value)
  }
}

function writeProperty(writer: Writer, property: Property, value: unknown): void {
  writer.byte(property.id)
  property.codec.write(writer, value)
}
