import { useMutation } from '@tanstack/react-query'
import { Button, Form } from 'antd'
import { api, resultOf } from '../api/client.ts'
import { useText } from '../i18n/preferences.ts'
import { useNotices } from '../parts/notices.ts'
import { Section } from '../parts/page.tsx'
import { PasswordInput } from '../parts/password-input.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { NewPasswordFields } from '../session/new-password-fields.tsx'
import { MAX_PASSWORD_LENGTH } from '../session/passwords.ts'
import { accountText } from './text.ts'

export function PasswordForm() {
  const t = useText(accountText)
  const notices = useNotices()
  const [form] = Form.useForm<{ current: string; password: string }>()
  const { mutate, isPending, error } = useMutation({
    mutationFn: ({ current, password }: { current: string; password: string }) =>
      resultOf(api.POST('/api/v1/users/me/password', { body: { current, next: password } })),
    onSuccess: () => {
      notices.done(t.changed)
      form.resetFields()
    },
  })
  return (
    <Section title={t.password}>
      <Form form={form} layout="vertical" requiredMark={false} onFinish={values => mutate(values)} className="form">
        <Form.Item name="current" label={t.current} rules={[{ required: true, message: t.currentMissing }]}>
          <PasswordInput autoComplete="current-password" maxLength={MAX_PASSWORD_LENGTH} />
        </Form.Item>
        <NewPasswordFields label={t.next} />
        <div className="stack">
          <div>
            <Button type="primary" htmlType="submit" loading={isPending}>
              {t.change}
            </Button>
          </div>
          <ProblemAlert error={error} />
        </div>
      </Form>
    </Section>
  )
}
