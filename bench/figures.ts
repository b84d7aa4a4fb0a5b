/** What repeated measurements gave. */
export interface Spread {
  median: number
  min: number
  max: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), max: at(sorted.length - 1) }
}

export function formatSpread({ median, min, max }: Spread, digits = 0): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`
}

/** Three figures that count, whatever the size; no exponent. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toFixed(Math.min(digits, 3))
}

export function formatFigures({ median, min, max }: Spread): string {
  return `${formatFigure(median)} (${formatFigure(min)}-${formatFigure(max)})`
}

/** The value below which the given share (0 to 1) of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export interface Line {
  /** Of y per unit of x. */
  slope: number
  intercept: number
  /** Standard error of the slope: how far chance alone would move it. */
  slopeError: number
}

/** Least squares through the points. NaN with fewer than three. */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line {
  const count = points.length
  const sum = (of: (x: number, y: number) => number): number => points.reduce((total, [x, y]) => total + of(x, y), 0)
  const meanX = sum(x => x) / count
  const meanY = sum((_, y) => y) / count
  const varianceX = sum(x => (x - meanX) ** 2)
  const slope = sum((x, y) => (x - meanX) * (y - meanY)) / varianceX
  const intercept = meanY - slope * meanX
  const residual = sum((x, y) => (y - intercept - slope * x) ** 2)
  if (count < 3) return { slope: Number.NaN, intercept: Number.NaN, slopeError: Number.NaN }
  return { slope, intercept, slopeError: Math.sqrt(residual / (count - 2) / varianceX) }
}
