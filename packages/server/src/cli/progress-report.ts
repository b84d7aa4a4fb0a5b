import type { Io } from './io.ts'
import { fit } from './printable.ts'

/** How far one part of a long job is. */
export interface PartProgress {
  rows: number
  total: number
  /** 0 while unknown. */
  rowsPerSecond: number
  /** The part is through. */
  ended: boolean
}

const BAR_INTERVAL_MS = 100
const LINE_INTERVAL_MS = 5000
const BAR_WIDTH = 24

/**
 * Tells people how far a job is: a bar that is drawn anew on a terminal, else a line at each part's end and every few
 * seconds. `end` leaves the cursor on a line of its own.
 */
export function progressReport<Progress extends PartProgress>(
  io: Pick<Io, 'stdout' | 'isTerminal' | 'columns'>,
  titleOf: (progress: Progress) => string,
): { onProgress: (progress: Progress) => void; end: () => void } {
  const intervalMs = io.isTerminal ? BAR_INTERVAL_MS : LINE_INTERVAL_MS
  let nextAt = performance.now() + intervalMs
  let isDrawn = false
  return {
    onProgress(progress) {
      if (!progress.ended && performance.now() < nextAt) return
      nextAt = performance.now() + intervalMs
      const line = fit(lineOf(progress, titleOf(progress), io.isTerminal), io.columns - 1)
      io.stdout(io.isTerminal ? `\r\u001b[K${line}${progress.ended ? '\n' : ''}` : `${line}\n`)
      isDrawn = io.isTerminal && !progress.ended
    },
    end() {
      if (isDrawn) io.stdout('\n')
      isDrawn = false
    },
  }
}

function lineOf({ rows, total, rowsPerSecond }: PartProgress, title: string, withBar: boolean): string {
  const share = total === 0 ? 1 : Math.min(1, rows / total)
  const full = Math.round(share * BAR_WIDTH)
  const bar = withBar ? ` [${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]` : ''
  const pace = rowsPerSecond === 0 ? '' : `, ${rowsPerSecond} rows/s`
  return `${title.padEnd(19)}${bar} ${Math.floor(share * 100)} % (${rows} of ${total}${pace})`
}
