import { Spin } from 'antd'
import { Link } from 'wouter'
import { isProblem } from '../api/problem.ts'
import type { Device } from '../api/types.ts'
import { productPath } from '../frame/pages.ts'
import { useText } from '../i18n/preferences.ts'
import { Copyable } from '../parts/copy-button.tsx'
import { DeviceStatus } from '../parts/device-status.tsx'
import { Facts, Page, Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { Time } from '../parts/time.tsx'
import { useMay } from '../session/session.ts'
import { ClientIds } from './client-ids.tsx'
import { DeviceActions } from './device-actions.tsx'
import { LiveMessages } from './live-messages.tsx'
import { Rrpc } from './rrpc.tsx'
import { SendMessage } from './send-message.tsx'
import { deviceText } from './text.ts'
import { Timeline } from './timeline.tsx'
import { UnknownDevice } from './unknown-device.tsx'
import { useDevice } from './use-device.ts'

export function DevicePage({ productKey, deviceName }: { productKey: string; deviceName: string }) {
  const mayOperate = useMay('operate')
  const { data: device, error, refetch } = useDevice(productKey, deviceName)
  if (device === undefined && isProblem(error, 'device-not-found')) {
    return <UnknownDevice productKey={productKey} deviceName={deviceName} />
  }
  if (device === undefined) {
    return error === null ? <Spin className="waiting" /> : <ProblemAlert error={error} onRetry={() => void refetch()} />
  }
  return (
    <Page
      title={deviceName}
      heading={<bdi>{deviceName}</bdi>}
      actions={mayOperate ? <DeviceActions device={device} /> : null}
    >
      <Identity device={device} />
      <ClientIds device={device} />
      <div className="columns">
        <Timeline device={device} />
        <LiveMessages device={device} />
        {mayOperate ? <SendMessage device={device} /> : null}
        {mayOperate ? <Rrpc device={device} /> : null}
      </div>
    </Page>
  )
}

function Identity({ device }: { device: Device }) {
  const t = useText(deviceText)
  const { productKey, deviceName, address } = device
  return (
    <Section title={t.identity}>
      <Facts
        items={[
          [t.status, <DeviceStatus key="status" status={device.status} />],
          [t.deviceName, <Copyable key="dn" text={deviceName} what={t.deviceName} />],
          [
            t.productKey,
            <span key="pk">
              <Copyable text={productKey} what={t.productKey} /> <Link href={productPath(productKey)}>→</Link>
            </span>,
          ],
          [t.credential, credentialOf(device, t)],
          [t.address, address ?? t.unknown],
          [t.createdAt, <Time key="created" at={device.createdAt} />],
          [t.activatedAt, <Time key="activated" at={device.activatedAt} />],
          [t.lastOnlineAt, <Time key="online" at={device.lastOnlineAt} />],
          [t.lastOfflineAt, <Time key="offline" at={device.lastOfflineAt} />],
          ...(device.reopenedAt === null ? [] : [[t.reopenedAt, <Time key="open" at={device.reopenedAt} />] as const]),
        ]}
      />
    </Section>
  )
}

function credentialOf({ hasSecret, clientIds }: Device, t: (typeof deviceText)['en']): string {
  if (hasSecret) return t.hasSecret
  return clientIds.length === 0 ? t.noCredential : t.hasClientIds(clientIds.length)
}
