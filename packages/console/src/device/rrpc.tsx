import { useMutation } from '@tanstack/react-query'
import { Button, Form, Input } from 'antd'
import { api, resultOf } from '../api/client.ts'
import type { Device } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { CodeBlock } from '../parts/copy-button.tsx'
import { Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { payloadText } from './payload-text.ts'
import { deviceText } from './text.ts'

/** A request that waits for the device's answer. */
export function Rrpc({ device: { productKey, deviceName, status } }: { device: Device }) {
  const t = useText(deviceText)
  const { mutate, data, isPending, error } = useMutation({
    mutationFn: ({ payload }: { payload: string }) =>
      resultOf(
        api.POST('/api/v1/products/{pk}/devices/{dn}/rrpc', {
          params: { path: { pk: productKey, dn: deviceName } },
          body: { payload },
        }),
      ),
  })
  const isOnline = status === 'ONLINE'
  return (
    <Section title={t.rrpc}>
      <p className="quiet">{t.rrpcHelp}</p>
      <Form
        layout="vertical"
        requiredMark={false}
        initialValues={{ payload: '{"get":"state"}' }}
        onFinish={values => mutate(values)}
      >
        <Form.Item name="payload" label={t.payload}>
          <Input.TextArea rows={3} spellCheck={false} />
        </Form.Item>
        <div className="stack">
          <div className="row">
            <Button type="primary" htmlType="submit" loading={isPending} disabled={!isOnline}>
              {t.ask}
            </Button>
            {isOnline ? null : <span className="quiet">{t.notOnline}</span>}
          </div>
          <ProblemAlert error={error} />
          {data === undefined ? null : (
            <div className="stack-tight" aria-live="polite">
              <span>{t.answer(data.elapsedMs)}</span>
              <CodeBlock
                code={data.encoding === 'base64' ? payloadText(data.payload).text : data.payload}
                what={t.answer(data.elapsedMs)}
              />
            </div>
          )}
        </div>
      </Form>
    </Section>
  )
}
