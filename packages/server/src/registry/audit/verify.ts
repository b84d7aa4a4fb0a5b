import type { AuditStore } from './audit-store.ts'
import { ChainCheck, type ChainVerdict } from './chain.ts'

const PAGE_ENTRIES = 1000

/** Reads the whole log, oldest first, and checks that each entry follows from the one before. */
export async function verifyAudit(store: Pick<AuditStore, 'listAudit'>): Promise<ChainVerdict> {
  const check = new ChainCheck()
  for (let afterId = 0; ; ) {
    const { items } = await store.listAudit({ afterId, limit: PAGE_ENTRIES })
    if (!items.every(entry => check.take(entry)) || items.length < PAGE_ENTRIES) return check.verdict
    afterId = items.at(-1)?.id ?? afterId
  }
}
