import { useMutation } from '@tanstack/react-query'
import { Button, Form, Input, Segmented, Select } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { api, resultOf } from '../api/client.ts'
import type { Explanation } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { Page, Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { explainText } from './text.ts'
import { Verdict } from './verdict.tsx'

const TRANSPORTS = ['tls', 'tcp', 'wss', 'ws'] as const
const MAX_FIELD_LENGTH = 2048
const MAX_DUMP_LENGTH = 20_000

interface Question {
  clientId?: string
  userName?: string
  password?: string
  connectHex?: string
  transport: (typeof TRANSPORTS)[number]
}

const ask = ({ clientId, userName, password, connectHex, transport }: Question): Promise<Explanation> =>
  resultOf(
    api.POST('/api/v1/explain', {
      body:
        connectHex === undefined
          ? { clientId: clientId ?? '', userName: userName ?? '', password: password ?? '', transport }
          : { connectHex, transport },
    }),
  )

export function ExplainPage() {
  const t = useText(explainText)
  const [form, setForm] = useState<'fields' | 'hex'>('fields')
  const { mutate, data, error, isPending, reset } = useMutation({ mutationFn: ask })
  const verdict = useRef<HTMLDivElement>(null)
  // The form fills a small window: without this the answer would come unseen below it.
  useEffect(() => {
    if (data !== undefined) verdict.current?.scrollIntoView({ block: 'nearest' })
  }, [data])
  return (
    <Page title={t.title} lead={t.lead}>
      <Section title={t.question}>
        <Form<Question>
          layout="vertical"
          requiredMark={false}
          initialValues={{ transport: 'tls' }}
          onFinish={values => mutate(values)}
        >
          <Form.Item>
            <Segmented
              value={form}
              options={[
                { value: 'fields', label: t.fields },
                { value: 'hex', label: t.hex },
              ]}
              onChange={next => {
                setForm(next as typeof form)
                reset()
              }}
            />
          </Form.Item>
          {form === 'fields' ? <Fields /> : <HexDump />}
          <Form.Item name="transport" label={t.transport}>
            <Select options={TRANSPORTS.map(value => ({ value, label: value }))} style={{ maxWidth: 160 }} />
          </Form.Item>
          <Button type="primary" htmlType="submit" loading={isPending}>
            {t.explain}
          </Button>
        </Form>
      </Section>
      <ProblemAlert error={error} />
      <div ref={verdict}>{data === undefined ? null : <Verdict explanation={data} />}</div>
    </Page>
  )
}

function Fields() {
  const t = useText(explainText)
  const clientIdRules = [{ required: true, message: t.clientIdMissing }]
  return (
    <>
      <Form.Item name="clientId" label={t.clientId} extra={t.clientIdHelp} rules={clientIdRules}>
        <Input.TextArea rows={3} spellCheck={false} maxLength={MAX_FIELD_LENGTH} />
      </Form.Item>
      <Form.Item name="userName" label={t.userName} extra={t.userNameHelp}>
        <Input spellCheck={false} autoComplete="off" maxLength={MAX_FIELD_LENGTH} />
      </Form.Item>
      <Form.Item name="password" label={t.password} extra={t.passwordHelp}>
        <Input spellCheck={false} autoComplete="off" maxLength={MAX_FIELD_LENGTH} />
      </Form.Item>
    </>
  )
}

function HexDump() {
  const t = useText(explainText)
  const rules = [{ required: true, message: t.connectHexMissing }]
  return (
    <Form.Item name="connectHex" label={t.connectHex} extra={t.connectHexHelp} rules={rules}>
      <Input.TextArea rows={8} spellCheck={false} maxLength={MAX_DUMP_LENGTH} />
    </Form.Item>
  )
}
