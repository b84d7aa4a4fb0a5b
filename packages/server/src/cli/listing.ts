import type { Page } from './paging.ts'

/** The line below a table: how many there are, and how to see the rest. */
export function countLine(page: Page<unknown>, { one, many }: { one: string; many: string }): string {
  const shown = page.items.length
  const total = page.total ?? shown
  if (shown >= total) return `\n${total} ${total === 1 ? one : many}.\n`
  return `\n${shown} of ${total} ${many}. See more: --limit ${total}\n`
}
