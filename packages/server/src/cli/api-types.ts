import type { Static } from 'typebox'
import type { AuditEntryReply } from '../http/audit.ts'
import type { ConnectionsReply } from '../http/device-connections.ts'
import type { DeviceReply } from '../http/device-schemas.ts'
import type { ExplanationReply } from '../http/explain.ts'
import type { JournalEntryReply } from '../http/journal-entry.ts'
import type { KeyReply } from '../http/keys.ts'
import type { ProductReply } from '../http/product-schemas.ts'
import type { UserReply } from '../http/sign-in/users.ts'
import type { StatsReply } from '../http/stats.ts'

// What the API answers, from its own schemas.

export type Product = Static<typeof ProductReply>
export type Device = Static<typeof DeviceReply>
export type DeviceConnection = Static<typeof ConnectionsReply>['items'][number]
export type AuditEntry = Static<typeof AuditEntryReply>
export type User = Static<typeof UserReply>
export type Key = Static<typeof KeyReply>
export type JournalEntry = Static<typeof JournalEntryReply>
export type Explanation = Static<typeof ExplanationReply>
export type Stats = Static<typeof StatsReply>
