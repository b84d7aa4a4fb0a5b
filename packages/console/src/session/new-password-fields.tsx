import { Form } from 'antd'
import { useText } from '../i18n/preferences.ts'
import { PasswordInput } from '../parts/password-input.tsx'
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from './passwords.ts'
import { sessionText } from './text.ts'

/** A new password, twice; the form's value `password`. */
export function NewPasswordFields({ label, autoFocus = false }: { label?: string; autoFocus?: boolean }) {
  const t = useText(sessionText)
  return (
    <>
      <Form.Item
        name="password"
        label={label ?? t.password}
        extra={t.passwordHelp(MIN_PASSWORD_LENGTH)}
        rules={[{ required: true, min: MIN_PASSWORD_LENGTH, message: t.passwordShort(MIN_PASSWORD_LENGTH) }]}
      >
        <PasswordInput autoComplete="new-password" autoFocus={autoFocus} maxLength={MAX_PASSWORD_LENGTH} />
      </Form.Item>
      <Form.Item
        name="passwordAgain"
        label={t.passwordAgain}
        dependencies={['password']}
        rules={[
          ({ getFieldValue }) => ({
            validator: async (_rule, value) => {
              if (value !== getFieldValue('password')) throw new Error(t.passwordsDiffer)
            },
          }),
        ]}
      >
        <PasswordInput autoComplete="new-password" maxLength={MAX_PASSWORD_LENGTH} />
      </Form.Item>
    </>
  )
}
