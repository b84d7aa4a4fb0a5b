import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Form, Input } from 'antd'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { api, resultOf } from '../api/client.ts'
import { useText } from '../i18n/preferences.ts'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { Entrance } from './entrance.tsx'
import { NewPasswordFields } from './new-password-fields.tsx'
import { startSession } from './session.ts'
import { sessionText } from './text.ts'

/** Where the link of the first start leads: its token stands in the fragment, which no log sees. */
export function SetupPage() {
  const t = useText(sessionText)
  const [, go] = useLocation()
  const client = useQueryClient()
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '')
  const { mutate, isPending, error } = useMutation({
    mutationFn: ({ name, password }: { name: string; password: string }) =>
      resultOf(api.POST('/api/v1/setup', { body: { token, name, password } })),
    onSuccess: session => {
      startSession(client, session)
      go('/', { replace: true })
    },
  })
  return (
    <Entrance title={t.setup} lead={t.setupLead}>
      <div className="stack">
        {token === '' ? (
          <Alert type="error" showIcon title={t.linkIncomplete} description={t.linkIncompleteFix} />
        ) : null}
        <ProblemAlert error={error} />
        <Form
          layout="vertical"
          requiredMark={false}
          initialValues={{ name: 'admin' }}
          onFinish={values => mutate(values)}
        >
          <Form.Item name="name" label={t.name} rules={[{ required: true, message: t.nameMissing }]}>
            <Input autoComplete="username" spellCheck={false} maxLength={64} />
          </Form.Item>
          <NewPasswordFields autoFocus />
          <Button type="primary" htmlType="submit" block loading={isPending} disabled={token === ''}>
            {t.setupDo}
          </Button>
        </Form>
      </div>
    </Entrance>
  )
}
