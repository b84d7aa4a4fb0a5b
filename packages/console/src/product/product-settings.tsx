import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, InputNumber, Switch } from 'antd'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { api, resultOf } from '../api/client.ts'
import type { Product } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { ConfirmByName } from '../parts/confirm.tsx'
import { useNotices } from '../parts/notices.ts'
import { Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { figure } from '../parts/time-text.ts'
import { useMay } from '../session/session.ts'
import { productText } from './text.ts'

const SWITCHES = [
  'dynamicRegistration',
  'preregistrationFree',
  'registrationByGateways',
  'tlsOnly',
  'strictKeepAlive',
] as const
const MAX_CLIENT_IDS = 100

type Settings = Pick<Product, 'name' | 'clientIdLimit' | (typeof SWITCHES)[number]>

/** Each setting with what it does, where it is set. */
export function ProductSettings({ product }: { product: Product }) {
  const t = useText(productText)
  const mayOperate = useMay('operate')
  const client = useQueryClient()
  const notices = useNotices()
  const { mutate, isPending, error } = useMutation({
    mutationFn: (body: Settings) =>
      resultOf(api.PATCH('/api/v1/products/{pk}', { params: { path: { pk: product.productKey } }, body })),
    onSuccess: () => {
      notices.done(t.saved)
      return client.invalidateQueries({ queryKey: ['products'] })
    },
  })
  const switches = SWITCHES.map(name => (
    <Form.Item key={name} name={name} label={t[name]} extra={t[`${name}Help`]} valuePropName="checked">
      <Switch />
    </Form.Item>
  ))
  return (
    <>
      <Section title={t.settings}>
        <div className="stack">
          {mayOperate ? null : <p className="quiet">{t.readOnly}</p>}
          <ProblemAlert error={error} />
          <Form<Settings>
            layout="vertical"
            requiredMark={false}
            disabled={!mayOperate}
            initialValues={product}
            onFinish={values => mutate(values)}
          >
            <Form.Item
              name="name"
              label={t.name}
              extra={t.nameHelp}
              rules={[{ required: true, whitespace: true, message: t.nameMissing }]}
            >
              <Input maxLength={64} autoComplete="off" />
            </Form.Item>
            {switches.slice(0, 2)}
            <Form.Item name="clientIdLimit" label={t.clientIdLimit} extra={t.clientIdLimitHelp}>
              <InputNumber min={1} max={MAX_CLIENT_IDS} precision={0} />
            </Form.Item>
            {switches.slice(2)}
            {mayOperate ? (
              <Button type="primary" htmlType="submit" loading={isPending}>
                {t.save}
              </Button>
            ) : null}
          </Form>
        </div>
      </Section>
      <Deletion product={product} />
    </>
  )
}

function Deletion({ product: { productKey, name, deviceCount } }: { product: Product }) {
  const t = useText(productText)
  const { language } = usePreferences()
  const [isOpen, setOpen] = useState(false)
  const [, go] = useLocation()
  const client = useQueryClient()
  const notices = useNotices()
  const run = async (): Promise<void> => {
    await resultOf(
      api.DELETE('/api/v1/products/{pk}', { params: { path: { pk: productKey }, query: { withDevices: true } } }),
    )
    notices.done(t.deleted(name))
    go('/products')
    client.removeQueries({ queryKey: ['products', productKey] })
    await client.invalidateQueries()
  }
  if (!useMay('administer')) return null
  return (
    <Section title={t.danger}>
      <Button danger onClick={() => setOpen(true)}>
        {t.delete}
      </Button>
      <ConfirmByName
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        title={t.deleteTitle(name)}
        content={t.deleteText(figure(deviceCount, language))}
        verb={t.deleteDo}
        name={productKey}
        run={run}
      />
    </Section>
  )
}
