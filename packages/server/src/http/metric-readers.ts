import { type Registry as Collection, Counter, Gauge } from 'prom-client'

/** A counter whose value is kept elsewhere and read when it is asked for. */
export function readCounter(
  collection: Collection,
  name: string,
  help: string,
  read: () => Readonly<Record<string, number>>,
) {
  const label = /_by_([a-z]+)$/.exec(name)?.[1]
  const labelNames = label === undefined ? [] : [label]
  return new Counter({
    name: `${name.replace(/_by_[a-z]+$/, '')}_total`,
    help,
    labelNames,
    registers: [collection],
    collect() {
      this.reset()
      for (const [key, value] of Object.entries(read())) this.inc(label === undefined ? {} : { [label]: key }, value)
    },
  })
}

/** A gauge whose value is read when it is asked for; undefined = it has none. */
export function readGauge(collection: Collection, name: string, help: string, read: () => number | undefined): void {
  new Gauge({
    name,
    help,
    registers: [collection],
    collect() {
      const value = read()
      if (value === undefined) this.reset()
      else this.set(value)
    },
  })
}
