type SqlValue = string | number

/** How a dialect marks the place of the n-th value, counted from 1. */
export type Placeholder = (place: number) => string

/** Conditions that are put together with their values, each `?` becoming the dialect's placeholder. */
export class Conditions {
  readonly values: SqlValue[] = []
  readonly #conditions: string[] = []
  readonly #placeholder: Placeholder

  constructor(placeholder: Placeholder) {
    this.#placeholder = placeholder
  }

  add(condition: string, ...values: readonly SqlValue[]): void {
    const [first, ...rest] = condition.split('?')
    this.#conditions.push(
      values.reduce<string>((text, value, at) => text + this.parameter(value) + rest[at], first ?? ''),
    )
  }

  /** For a value that stands behind the conditions. */
  parameter(value: SqlValue): string {
    return this.#placeholder(this.values.push(value))
  }

  get where(): string {
    return this.#conditions.length === 0 ? '' : `WHERE ${this.#conditions.join(' AND ')}`
  }
}
