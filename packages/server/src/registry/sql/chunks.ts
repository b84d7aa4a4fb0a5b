/** The most rows of one call. */
export const ROWS_PER_CALL = 500

/** One after the other, so that a long import leaves room between its commits for devices that register. */
export async function inChunks<Row, Result>(
  rows: readonly Row[],
  run: (chunk: readonly Row[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let at = 0; at < rows.length; at += ROWS_PER_CALL) {
    results.push(...(await run(rows.slice(at, at + ROWS_PER_CALL))))
  }
  return results
}
