import { isDeviceName } from '@hatchway/protocol/names'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Form, Input } from 'antd'
import { api, resultOf } from '../api/client.ts'
import { useText } from '../i18n/preferences.ts'
import { FormDialog } from '../parts/form-dialog.tsx'
import { useNotices } from '../parts/notices.ts'
import { PasswordInput } from '../parts/password-input.tsx'
import { ProductSelect } from './product-select.tsx'
import { devicesText } from './text.ts'

interface NewDevice {
  productKey: string
  deviceName: string
  deviceSecret?: string
}

interface AddDeviceProps {
  isOpen: boolean
  product: string | undefined
  onClose: () => void
}

export function AddDevice({ isOpen, product, onClose }: AddDeviceProps) {
  const t = useText(devicesText)
  const notices = useNotices()
  const client = useQueryClient()
  const work = useMutation({
    mutationFn: ({ productKey, deviceName, deviceSecret }: NewDevice) =>
      resultOf(
        api.POST('/api/v1/products/{pk}/devices', {
          params: { path: { pk: productKey } },
          body: { deviceName, ...(deviceSecret ? { deviceSecret } : {}) },
        }),
      ),
    onSuccess: ({ deviceName }) => {
      notices.done(t.added(deviceName))
      onClose()
      return client.invalidateQueries()
    },
  })
  const nameRule = {
    validator: async (_rule: unknown, value: string | undefined) => {
      if (!isDeviceName(value ?? '')) throw new Error(t.nameMissing)
    },
  }
  return (
    <FormDialog<NewDevice>
      isOpen={isOpen}
      title={t.add}
      verb={t.addDo}
      initialValues={product === undefined ? {} : { productKey: product }}
      first={product === undefined ? 'productKey' : 'deviceName'}
      work={work}
      onClose={onClose}
    >
      <Form.Item name="productKey" label={t.product} rules={[{ required: true, message: t.chooseProduct }]}>
        <ProductSelect />
      </Form.Item>
      <Form.Item name="deviceName" label={t.deviceName} rules={[nameRule]}>
        <Input maxLength={32} spellCheck={false} autoComplete="off" />
      </Form.Item>
      <Form.Item name="deviceSecret" label={t.deviceSecret} extra={t.deviceSecretHelp}>
        <PasswordInput maxLength={64} autoComplete="off" />
      </Form.Item>
    </FormDialog>
  )
}
