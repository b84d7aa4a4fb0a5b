import type { Device } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { partsText } from './text.ts'

export const STATUSES = ['ONLINE', 'OFFLINE', 'UNACTIVE', 'DISABLE'] as const satisfies readonly Device['status'][]
const LABELS = { ONLINE: 'online', OFFLINE: 'offline', UNACTIVE: 'unactive', DISABLE: 'disabled' } as const

export function useStatusLabel(): (status: Device['status']) => string {
  const t = useText(partsText)
  return status => t[LABELS[status]]
}

export function DeviceStatus({ status }: { status: Device['status'] }) {
  const label = useStatusLabel()
  return (
    <span className={`dot dot-${status.toLowerCase()}`} title={status}>
      {label(status)}
    </span>
  )
}

/** Whether something works: a dot with words, never the colour alone. */
export function Health({ ok, children }: { ok: boolean; children: React.ReactNode }) {
  return <span className={`dot ${ok ? 'dot-online' : 'dot-bad'}`}>{children}</span>
}
