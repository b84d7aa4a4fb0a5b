export interface MigrationProgress {
  phase: 'copy' | 'check'
  table: string
  /** Of them, those that are in the target or compared. */
  rows: number
  total: number
  /** In this run; 0 until the first rows are through. */
  rowsPerSecond: number
  /** The table is through. */
  ended: boolean
}

export type OnProgress = (progress: MigrationProgress) => void

/** Counts the rows of one table. */
export class Progress {
  readonly #phase: MigrationProgress['phase']
  readonly #table: { table: string; total: number; onProgress: OnProgress }
  readonly #startedAt = performance.now()
  #before = 0
  #rows = 0

  constructor(phase: MigrationProgress['phase'], table: { table: string; total: number; onProgress: OnProgress }) {
    this.#phase = phase
    this.#table = table
  }

  /** With what an earlier run has done. */
  begin(rows: number): void {
    this.#before = rows
    this.#rows = rows
    this.#tell(false)
  }

  add(rows: number): void {
    this.#rows += rows
    this.#tell(false)
  }

  end(): void {
    this.#tell(true)
  }

  #tell(ended: boolean): void {
    const { table, total, onProgress } = this.#table
    const rows = this.#rows
    const seconds = (performance.now() - this.#startedAt) / 1000
    const rowsPerSecond = rows === this.#before ? 0 : Math.round((rows - this.#before) / seconds)
    onProgress({ phase: this.#phase, table, rows, total, rowsPerSecond, ended })
  }
}
