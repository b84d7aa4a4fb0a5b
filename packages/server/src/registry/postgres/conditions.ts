/** Conditions that are put together with their values, each `?` becoming the next `$n`. */
export class Conditions {
  readonly values: unknown[] = []
  readonly #conditions: string[] = []

  add(condition: string, value: unknown): void {
    this.#conditions.push(condition.replace('?', this.parameter(value)))
  }

  /** For a value that stands outside of the conditions. */
  parameter(value: unknown): string {
    return `$${this.values.push(value)}`
  }

  get where(): string {
    return this.#conditions.length === 0 ? '' : `WHERE ${this.#conditions.join(' AND ')}`
  }
}
