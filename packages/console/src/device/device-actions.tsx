import { useQueryClient } from '@tanstack/react-query'
import { Button } from 'antd'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { api, resultOf } from '../api/client.ts'
import type { Device } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { ConfirmByName, useConfirm } from '../parts/confirm.tsx'
import { useNotices } from '../parts/notices.ts'
import { deviceText } from './text.ts'

export function DeviceActions({ device: { productKey, deviceName, status } }: { device: Device }) {
  const t = useText(deviceText)
  const client = useQueryClient()
  const confirm = useConfirm()
  const notices = useNotices()
  const [isDeleting, setDeleting] = useState(false)
  const [, go] = useLocation()
  const at = { params: { path: { pk: productKey, dn: deviceName } } }
  const then = async (text: string): Promise<void> => {
    notices.done(text)
    await client.invalidateQueries()
  }
  const reset = async (): Promise<void> => {
    await resultOf(api.POST('/api/v1/products/{pk}/devices/{dn}/reset', at))
    await then(t.resetDone(deviceName))
  }
  const disable = async (): Promise<void> => {
    await resultOf(api.POST('/api/v1/products/{pk}/devices/{dn}/disable', at))
    await then(t.disableDone(deviceName))
  }
  const enable = async (): Promise<void> => {
    await resultOf(api.POST('/api/v1/products/{pk}/devices/{dn}/enable', at))
    await then(t.enableDone(deviceName))
  }
  const remove = async (): Promise<void> => {
    await resultOf(api.DELETE('/api/v1/products/{pk}/devices/{dn}', at))
    go(`/devices?${new URLSearchParams({ product: productKey })}`)
    client.removeQueries({ queryKey: ['device', productKey, deviceName] })
    await then(t.deleteDone(deviceName))
  }
  return (
    <>
      <Button
        onClick={() => confirm({ title: t.resetTitle(deviceName), content: t.resetText, verb: t.reset, run: reset })}
      >
        {t.reset}
      </Button>
      {status === 'DISABLE' ? (
        <Button onClick={() => void enable().catch(notices.failed)}>{t.enable}</Button>
      ) : (
        <Button
          onClick={() =>
            confirm({
              title: t.disableTitle(deviceName),
              content: t.disableText,
              verb: t.disable,
              danger: true,
              run: disable,
            })
          }
        >
          {t.disable}
        </Button>
      )}
      <Button danger onClick={() => setDeleting(true)}>
        {t.delete}
      </Button>
      <ConfirmByName
        isOpen={isDeleting}
        onClose={() => setDeleting(false)}
        title={t.deleteTitle(deviceName)}
        content={t.deleteText}
        verb={t.deleteDo}
        name={deviceName}
        run={remove}
      />
    </>
  )
}
