import type { ApiClient, ApiRequest } from './api-client.ts'

export interface Page<Item> {
  items: readonly Item[]
  nextCursor: string | null
  /** Of all pages; not every list has it. */
  total?: number
  /** There may be more than `total`. */
  totalIsLowerBound?: true
}

const MAX_PAGE_ITEMS = 200

/** Up to `limit` items of a list, over as many pages as it takes. `nextCursor` is null when nothing is left. */
export async function readPages<Item>(
  api: ApiClient,
  path: string,
  query: NonNullable<ApiRequest['query']>,
  limit: number,
): Promise<Page<Item>> {
  const items: Item[] = []
  let last: Page<Item> | undefined
  for await (const page of pages<Item>(api, path, query, limit)) {
    items.push(...page.items)
    last = page
  }
  return { ...last, items, nextCursor: last?.nextCursor ?? null }
}

/** The pages of a list, one after the other, until `limit` items are read. */
export async function* pages<Item>(
  api: ApiClient,
  path: string,
  query: NonNullable<ApiRequest['query']>,
  limit: number,
): AsyncGenerator<Page<Item>> {
  let cursor: string | undefined
  for (let left = limit; left > 0; ) {
    const page = await api.get<Page<Item>>(path, { ...query, limit: Math.min(left, MAX_PAGE_ITEMS), cursor })
    yield page
    left -= page.items.length
    if (page.nextCursor === null || page.nextCursor === cursor) return // a page of a search may be empty before the last
    cursor = page.nextCursor
  }
}
