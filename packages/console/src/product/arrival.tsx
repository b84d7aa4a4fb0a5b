import { Alert, Button } from 'antd'
import { useState } from 'react'
import { Link } from 'wouter'
import type { JournalEntry } from '../api/types.ts'
import { useDevice } from '../device/use-device.ts'
import { devicePath } from '../frame/pages.ts'
import { useText } from '../i18n/preferences.ts'
import { EntryDetails } from '../journal/entry-details.tsx'
import { useLive } from '../live/live.ts'
import { productText } from './text.ts'

/** Shows the device coming in while it does, or why it is refused. */
export function Arrival({ productKey, deviceName }: { productKey: string; deviceName: string }) {
  const t = useText(productText)
  const [last, setLast] = useState<JournalEntry>()
  const isThis = (event: { productKey: string | null; deviceName: string | null }): boolean =>
    event.productKey === productKey && event.deviceName === deviceName
  useLive('journal', entry => {
    if (isThis(entry)) setLast(entry)
  })
  useLive('presence', event => {
    if (isThis(event) && event.status === 'ONLINE') setLast(undefined)
  })
  const { data } = useDevice(productKey, deviceName)
  const open = (
    <Link href={devicePath(productKey, deviceName)} asChild>
      <Button>{t.openDevice}</Button>
    </Link>
  )
  if (last?.outcome === 'refused') {
    return (
      <div className="stack" aria-live="polite">
        <p>{t.refused}</p>
        <EntryDetails entry={last} />
      </div>
    )
  }
  if (data?.status === 'ONLINE') {
    return <Alert type="success" showIcon role="status" title={t.isOnline(deviceName)} action={open} />
  }
  if (data?.status === 'OFFLINE') {
    return <Alert type="success" showIcon role="status" title={t.wasHere(deviceName)} action={open} />
  }
  if (last?.outcome === 'registered')
    return <Alert type="info" showIcon role="status" title={t.registered} action={open} />
  return <Alert type="info" showIcon role="status" title={t.waiting} description={t.waitingFix} />
}
