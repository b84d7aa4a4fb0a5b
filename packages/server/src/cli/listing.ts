import type { Page } from './paging.ts'

/** The line below a table: how many there are, and how to see the rest. */
export function countLine(page: Page<unknown>, { one, many }: { one: string; many: string }): string {
  const shown = page.items.length
  if (page.totalIsLowerBound) return `\n${atLeast(page)} ${many}.\n`
  const total = page.total ?? shown
  if (shown >= total) return `\n${total} ${total === 1 ? one : many}.\n`
  return `\n${shown} of ${total} ${many}. See more: --limit ${total}\n`
}

function atLeast({ items, total = 0, nextCursor }: Page<unknown>): string {
  if (nextCursor === null) return String(items.length)
  return `${items.length} of more than ${Math.max(total, items.length)}`
}
