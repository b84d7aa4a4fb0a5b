import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button } from 'antd'
import { api, resultOf } from '../api/client.ts'
import { deviceQuery } from '../device/device-query.ts'
import { useText } from '../i18n/preferences.ts'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { useMay } from '../session/session.ts'
import { productText } from './text.ts'

/** Creates the device where the product lets in only those that exist. */
export function Preregistration({ productKey, deviceName }: { productKey: string; deviceName: string }) {
  const t = useText(productText)
  const client = useQueryClient()
  const mayOperate = useMay('operate')
  const { data } = useQuery(deviceQuery(productKey, deviceName))
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      resultOf(
        api.POST('/api/v1/products/{pk}/devices', { params: { path: { pk: productKey } }, body: { deviceName } }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['device', productKey, deviceName] }),
  })
  if (data !== undefined) return <Alert type="success" showIcon title={t.exists(deviceName)} />
  return (
    <div className="stack">
      <div className="row">
        <Button type="primary" disabled={!mayOperate} loading={isPending} onClick={() => mutate()}>
          {t.createDevice(deviceName)}
        </Button>
        <span className="grow">{mayOperate ? t.mustExist : t.mustExistViewer}</span>
      </div>
      <ProblemAlert error={error} />
    </div>
  )
}
