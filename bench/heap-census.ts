/** What a heap holds, by the name of the constructor (objects) or the kind (the rest). */
export type Census = ReadonlyMap<string, { count: number; bytes: number }>

interface HeapSnapshot {
  snapshot: { meta: { node_fields: string[]; node_types: [string[], ...unknown[]] } }
  nodes: number[]
  strings: string[]
}

/** Reads a heap snapshot as V8 writes it (JSON): own sizes, not what is reached from there. */
export function censusOf(snapshotJson: string): Census {
  const { snapshot, nodes, strings } = JSON.parse(snapshotJson) as HeapSnapshot
  const fields = snapshot.meta.node_fields
  const [typeAt, nameAt, sizeAt] = ['type', 'name', 'self_size'].map(field => fields.indexOf(field)) as [
    number,
    number,
    number,
  ]
  const types = snapshot.meta.node_types[0]
  const census = new Map<string, { count: number; bytes: number }>()
  for (let at = 0; at < nodes.length; at += fields.length) {
    const type = types[nodes[at + typeAt] ?? 0] ?? ''
    const name = strings[nodes[at + nameAt] ?? 0] ?? ''
    const key = nameOf(type, name)
    const entry = census.get(key) ?? { count: 0, bytes: 0 }
    entry.count++
    entry.bytes += nodes[at + sizeAt] ?? 0
    census.set(key, entry)
  }
  return census
}

function nameOf(type: string, name: string): string {
  if (type === 'object') return name
  if (type === 'native') return `${name} (native)`
  if (type === 'closure') return 'functions'
  if (type === 'array') return name === '' ? 'arrays of properties and elements' : `${name} (array)`
  return `${type}s`
}

export interface CensusRow {
  name: string
  countEach: number
  bytesEach: number
}

/** What one of `units` holds: the difference of two censuses, the largest first. */
export function growth(before: Census, after: Census, units: number): CensusRow[] {
  const rows = [...after].map(([name, { count, bytes }]) => {
    const earlier = before.get(name) ?? { count: 0, bytes: 0 }
    return { name, countEach: (count - earlier.count) / units, bytesEach: (bytes - earlier.bytes) / units }
  })
  return rows.filter(({ bytesEach }) => bytesEach > 0).toSorted((a, b) => b.bytesEach - a.bytesEach)
}
