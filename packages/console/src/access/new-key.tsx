import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { Alert, Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { api, resultOf } from '../api/client.ts'
import type { ApiKey } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { Copyable } from '../parts/copy-button.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { Facts } from '../parts/page.tsx'
import { productsQuery } from '../products/products-query.ts'
import { RoleChoice } from './role-choice.tsx'
import { accessText } from './text.ts'

const ROLES = ['application', 'viewer', 'operator', 'admin'] as const

interface KeyWish {
  name: string
  role: ApiKey['role']
  products?: string[]
}

interface MadeKey {
  id: string
  name: string
  secret: string
}

interface NewKeyProps {
  isOpen: boolean
  onClose: () => void
  onDone: () => Promise<void>
}

/** Makes a key and shows its secret, this once. */
export function NewKey({ isOpen, onClose, onDone }: NewKeyProps) {
  const t = useText(accessText)
  const [made, setMade] = useState<MadeKey>()
  const work = useMutation({
    mutationFn: ({ name, role, products }: KeyWish) =>
      resultOf(api.POST('/api/v1/keys', { body: { name, role, ...(products?.length ? { products } : {}) } })),
    onSuccess: key => {
      setMade(key)
      return onDone()
    },
  })
  if (made !== undefined) {
    const finish = (): void => {
      setMade(undefined)
      work.reset() // it holds the secret, too
      onClose()
    }
    return <Made made={made} onClose={finish} />
  }
  return (
    <FormDialog<KeyWish>
      isOpen={isOpen}
      title={t.addKey}
      verb={t.addKeyDo}
      initialValues={{ role: 'viewer' }}
      first="name"
      work={work}
      onClose={onClose}
    >
      <KeyFields />
    </FormDialog>
  )
}

function Made({ made: { id, name, secret }, onClose }: { made: MadeKey; onClose: () => void }) {
  const t = useText(accessText)
  const stored = (
    <Button type="primary" onClick={onClose}>
      {t.keyStored}
    </Button>
  )
  return (
    // The secret comes only once: neither a click beside it nor Escape may lose it.
    <Modal open title={t.keyMade(name)} footer={stored} closable={false} keyboard={false} mask={{ closable: false }}>
      <div className="stack">
        <Alert type="warning" showIcon title={t.keySecretOnce} />
        <Facts
          items={[
            [t.keyId, <Copyable key="id" text={id} what={t.keyId} />],
            [t.keySecret, <Copyable key="secret" text={secret} what={t.keySecret} />],
          ]}
        />
      </div>
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
