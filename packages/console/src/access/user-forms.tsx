import { useMutation } from '@tanstack/react-query'
import { Form, Input } from 'antd'
import { api, resultOf } from '../api/client.ts'
import type { Role, User } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { FormDialog } from '../parts/form-dialog.tsx'
import { useNotices } from '../parts/notices.ts'
import { PasswordInput } from '../parts/password-input.tsx'
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../session/passwords.ts'
import { sessionText } from '../session/text.ts'
import { RoleChoice } from './role-choice.tsx'
import { accessText } from './text.ts'

const ROLES = ['viewer', 'operator', 'admin'] as const
const MAX_NAME_LENGTH = 64

interface NewUser {
  name: string
  role: Role
  password: string
}

interface AddUserProps {
  isOpen: boolean
  onClose: () => void
  onDone: () => Promise<void>
}

export function AddUser({ isOpen, onClose, onDone }: AddUserProps) {
  const t = useText(accessText)
  const session = useText(sessionText)
  const notices = useNotices()
  const work = useMutation({
    mutationFn: (body: NewUser) => resultOf(api.POST('/api/v1/users', { body })),
    onSuccess: ({ name }) => {
      notices.done(t.userAdded(name))
      onClose()
      return onDone()
    },
  })
  const passwordRules = [
    { required: true, min: MIN_PASSWORD_LENGTH, message: session.passwordShort(MIN_PASSWORD_LENGTH) },
  ]
  return (
    <FormDialog<NewUser>
      isOpen={isOpen}
      title={t.addUser}
      verb={t.addUserDo}
      initialValues={{ role: 'viewer' }}
      first="name"
      work={work}
      onClose={onClose}
    >
      <Form.Item name="name" label={t.name} rules={[{ required: true, whitespace: true, message: t.nameMissing }]}>
        <Input maxLength={MAX_NAME_LENGTH} autoComplete="off" spellCheck={false} />
      </Form.Item>
      <Form.Item name="password" label={t.password} extra={t.passwordHelp(MIN_PASSWORD_LENGTH)} rules={passwordRules}>
        <PasswordInput maxLength={MAX_PASSWORD_LENGTH} autoComplete="new-password" />
      </Form.Item>
      <RoleChoice roles={ROLES} />
    </FormDialog>
  )
}

interface ChangeUserProps {
  user: User
  onClose: () => void
  onDone: () => Promise<void>
}

export function ChangeUser({ user, onClose, onDone }: ChangeUserProps) {
  const t = useText(accessText)
  const session = useText(sessionText)
  const notices = useNotices()
  const work = useMutation({
    mutationFn: ({ role, password }: Pick<NewUser, 'role' | 'password'>) =>
      resultOf(
        api.PATCH('/api/v1/users/{name}', {
          params: { path: { name: user.name } },
          body: { ...(role === user.role ? {} : { role }), ...(password ? { password } : {}) },
        }),
      ),
    onSuccess: () => {
      notices.done(t.saved)
      onClose()
      return onDone()
    },
  })
  const passwordRules = [{ min: MIN_PASSWORD_LENGTH, message: session.passwordShort(MIN_PASSWORD_LENGTH) }]
  return (
    <FormDialog<Pick<NewUser, 'role' | 'password'>>
      isOpen
      title={t.changeUserTitle(user.name)}
      verb={t.save}
      initialValues={{ role: user.role }}
      first="password"
      work={work}
      onClose={onClose}
    >
      <RoleChoice roles={ROLES} />
      <Form.Item name="password" label={t.newPassword} extra={t.leaveOut} rules={passwordRules}>
        <PasswordInput maxLength={MAX_PASSWORD_LENGTH} autoComplete="new-password" />
      </Form.Item>
    </FormDialog>
  )
}
