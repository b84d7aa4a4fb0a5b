import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Form, Input } from 'antd'
import { useEffect, useState } from 'react'
import { api, resultOf } from '../api/client.ts'
import { ApiProblem } from '../api/problem.ts'
import type { SignIn } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { PasswordInput } from '../parts/password-input.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { Entrance } from './entrance.tsx'
import { MAX_PASSWORD_LENGTH } from './passwords.ts'
import { startSession } from './session.ts'
import { signOnProblem, withoutSignOnProblem } from './sign-on-problem.ts'
import { sessionText } from './text.ts'

interface Credentials {
  name: string
  password: string
}

const signInOf = (problem: unknown): { setup: boolean; signIn: SignIn } => {
  const { setup, signIn } = problem instanceof ApiProblem ? problem.document : {}
  return { setup: setup === true, signIn: (signIn as SignIn | undefined) ?? { password: true, oidc: null } }
}

export function SignInPage({ problem }: { problem: unknown }) {
  const t = useText(sessionText)
  const client = useQueryClient()
  const { setup, signIn } = signInOf(problem)
  const [signOn] = useState(() => signOnProblem(location.search))
  useEffect(() => {
    if (signOn !== null) history.replaceState(null, '', withoutSignOnProblem(location))
  }, [signOn])
  const { mutate, isPending, error } = useMutation({
    mutationFn: (body: Credentials) => resultOf(api.POST('/api/v1/session', { body })),
    onSuccess: session => startSession(client, session),
  })
  return (
    <Entrance title={t.signIn} lead={t.lead}>
      <div className="stack">
        {setup ? <Alert type="info" showIcon title={t.noUserYet} description={t.noUserYetFix} /> : null}
        <ProblemAlert error={error ?? signOn} />
        {signIn.password ? (
          <Form<Credentials> layout="vertical" requiredMark={false} onFinish={values => mutate(values)}>
            <Form.Item name="name" label={t.name} rules={[{ required: true, message: t.nameMissing }]}>
              <Input autoComplete="username" autoFocus spellCheck={false} maxLength={64} />
            </Form.Item>
            <Form.Item name="password" label={t.password} rules={[{ required: true, message: t.passwordMissing }]}>
              <PasswordInput autoComplete="current-password" maxLength={MAX_PASSWORD_LENGTH} />
            </Form.Item>
            <Button type="primary" htmlType="submit" block loading={isPending}>
              {t.signIn}
            </Button>
          </Form>
        ) : null}
        {signIn.oidc === null ? null : (
          <Button block href={signOn === null ? signIn.oidc.url : `${signIn.oidc.url}?again=true`}>
            {t.signInWith(signIn.oidc.name)}
          </Button>
        )}
      </div>
    </Entrance>
  )
}
