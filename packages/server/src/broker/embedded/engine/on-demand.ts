const nothing: readonly never[] = []

/** A Map that is made when first needed: an empty one takes 180 bytes, and most idle clients would hold several. */
export class OnDemandMap<Key, Value> {
  #map: Map<Key, Value> | undefined

  get size(): number {
    return this.#map === undefined ? 0 : this.#map.size
  }

  has(key: Key): boolean {
    return this.#map?.has(key) === true
  }

  get(key: Key): Value | undefined {
    return this.#map?.get(key)
  }

  set(key: Key, value: Value): void {
    this.#map ??= new Map()
    this.#map.set(key, value)
  }

  delete(key: Key): boolean {
    return this.#map?.delete(key) === true
  }

  keys(): Iterable<Key> {
    return this.#map?.keys() ?? nothing
  }

  [Symbol.iterator](): Iterator<[Key, Value]> {
    return (this.#map ?? nothing)[Symbol.iterator]()
  }
}

/** The same for a Set. */
export class OnDemandSet<Item> {
  #set: Set<Item> | undefined

  get size(): number {
    return this.#set === undefined ? 0 : this.#set.size
  }

  has(item: Item): boolean {
    return this.#set?.has(item) === true
  }

  add(item: Item): void {
    this.#set ??= new Set()
    this.#set.add(item)
  }

  delete(item: Item): boolean {
    return this.#set?.delete(item) === true
  }
}
