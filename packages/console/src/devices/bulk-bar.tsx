import { Button } from 'antd'
import { useMemo, useState } from 'react'
import type { BulkAction, Device } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { figure } from '../parts/time-text.ts'
import { chosenDevices } from './bulk-actions.ts'
import { BulkDialog } from './bulk-dialog.tsx'
import { devicesText } from './text.ts'

export const BULK_ACTIONS = ['reset', 'disable', 'enable', 'delete'] as const satisfies readonly BulkAction[]

interface BulkBarProps {
  devices: readonly Device[]
  onDone: () => void
}

/** What can be done to all chosen devices. */
export function BulkBar({ devices, onDone }: BulkBarProps) {
  const t = useText(devicesText)
  const { language } = usePreferences()
  const [action, setAction] = useState<BulkAction>()
  const target = useMemo(() => chosenDevices(devices), [devices])
  const chosen = t.selected(figure(devices.length, language))
  return (
    <section className="row section" aria-label={chosen}>
      <strong>{chosen}</strong>
      {BULK_ACTIONS.map(name => (
        <Button key={name} size="small" danger={name === 'delete'} onClick={() => setAction(name)}>
          {t[name]}
        </Button>
      ))}
      <Button size="small" type="text" onClick={onDone}>
        {t.clearChoice}
      </Button>
      {action === undefined ? null : (
        <BulkDialog action={action} target={target} onClose={() => setAction(undefined)} onDone={onDone} />
      )}
    </section>
  )
}
