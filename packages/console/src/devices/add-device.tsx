import { isDeviceName } from '@hatchway/protocol/names'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Form, Input, Modal } from 'antd'
import { api, resultOf } from '../api/client.ts'
import { useText } from '../i18n/preferences.ts'
import { useNotices } from '../parts/notices.ts'
import { PasswordInput } from '../parts/password-input.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
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
  const parts = useText(partsText)
  const notices = useNotices()
  const client = useQueryClient()
  const [form] = Form.useForm<NewDevice>()
  const { mutate, isPending, error, reset } = useMutation({
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
    <Modal
      open={isOpen}
      title={t.add}
      okText={t.addDo}
      cancelText={parts.cancel}
      confirmLoading={isPending}
      destroyOnHidden
      onOk={form.submit}
      onCancel={onClose}
      afterClose={reset}
    >
      <div className="stack">
        <ProblemAlert error={error} />
        <Form
          form={form}
          layout="vertical"
          requiredMark={false}
          preserve={false}
          initialValues={{ productKey: product }}
          onFinish={values => mutate(values)}
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
        </Form>
      </div>
    </Modal>
  )
}
