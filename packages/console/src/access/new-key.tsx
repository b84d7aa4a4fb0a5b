import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { Alert, Button, Form, Input, Modal, Select } from 'antd'
import { api, resultOf } from '../api/client.ts'
import type { ApiKey } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { Copyable } from '../parts/copy-button.tsx'
import { Facts } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
import { productsQuery } from '../products/products-query.ts'
import { RoleChoice } from './role-choice.tsx'
import { accessText } from './text.ts'

const ROLES = ['application', 'viewer', 'operator', 'admin'] as const

interface KeyWish {
  name: string
  role: ApiKey['role']
  products?: string[]
}

interface NewKeyProps {
  isOpen: boolean
  onClose: () => void
  onDone: () => Promise<void>
}

/** Makes a key and shows its secret, this once. */
export function NewKey({ isOpen, onClose, onDone }: NewKeyProps) {
  const t = useText(accessText)
  const parts = useText(partsText)
  const [form] = Form.useForm<KeyWish>()
  const { mutate, data, isPending, error, reset } = useMutation({
    mutationFn: ({ name, role, products }: KeyWish) =>
      resultOf(api.POST('/api/v1/keys', { body: { name, role, ...(products?.length ? { products } : {}) } })),
    onSuccess: onDone,
  })
  const isMade = data !== undefined
  const buttons = isMade
    ? [
        <Button key="stored" type="primary" onClick={onClose}>
          {t.keyStored}
        </Button>,
      ]
    : [
        <Button key="cancel" onClick={onClose}>
          {parts.cancel}
        </Button>,
        <Button key="make" type="primary" loading={isPending} onClick={form.submit}>
          {t.addKeyDo}
        </Button>,
      ]
  return (
    <Modal
      open={isOpen}
      title={isMade ? t.keyMade(data.name) : t.addKey}
      footer={buttons}
      destroyOnHidden
      closable={!isMade}
      // The secret comes only once: no click beside it may lose it.
      mask={{ closable: false }}
      onCancel={onClose}
      afterClose={reset}
    >
      {isMade ? (
        <div className="stack">
          <Alert type="warning" showIcon title={t.keySecretOnce} />
          <Facts
            items={[
              [t.keyId, <Copyable key="id" text={data.id} what={t.keyId} />],
              [t.keySecret, <Copyable key="secret" text={data.secret} what={t.keySecret} />],
            ]}
          />
        </div>
      ) : (
        <div className="stack">
          <ProblemAlert error={error} />
          <Form
            form={form}
            layout="vertical"
            requiredMark={false}
            preserve={false}
            initialValues={{ role: 'viewer' }}
            onFinish={values => mutate(values)}
          >
            <KeyFields />
          </Form>
        </div>
      )}
    </Modal>
  )
}

function KeyFields() {
  const t = useText(accessText)
  const { data } = useInfiniteQuery(productsQuery)
  const options = (data?.pages.flatMap(page => page.items) ?? []).map(({ productKey, name }) => ({
    value: productKey,
    label: `${name} (${productKey})`,
  }))
  return (
    <>
      <Form.Item name="name" label={t.name} rules={[{ required: true, whitespace: true, message: t.nameMissing }]}>
        <Input maxLength={64} autoComplete="off" />
      </Form.Item>
      <RoleChoice roles={ROLES} />
      <Form.Item name="products" label={t.products} extra={t.productsHelp}>
        <Select mode="multiple" options={options} showSearch={{ optionFilterProp: 'label' }} />
      </Form.Item>
    </>
  )
}
