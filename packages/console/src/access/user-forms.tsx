import { useMutation } from '@tanstack/react-query'
import { Form, Input, Modal } from 'antd'
import { api, resultOf } from '../api/client.ts'
import type { Role, User } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { useNotices } from '../parts/notices.ts'
import { PasswordInput } from '../parts/password-input.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
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
  const parts = useText(partsText)
  const session = useText(sessionText)
  const notices = useNotices()
  const [form] = Form.useForm<NewUser>()
  const { mutate, isPending, error, reset } = useMutation({
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
    <Modal
      open={isOpen}
      title={t.addUser}
      okText={t.addUserDo}
      cancelText={parts.cancel}
      confirmLoading={isPending}
      destroyOnHidden
      onOk={form.submit}
      onCancel={onClose}
      afterClose={reset}
    >
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
          <Form.Item name="name" label={t.name} rules={[{ required: true, whitespace: true, message: t.nameMissing }]}>
            <Input maxLength={MAX_NAME_LENGTH} autoComplete="off" spellCheck={false} />
          </Form.Item>
          <Form.Item name="password" label={t.password} extra={t.passwordHelp} rules={passwordRules}>
            <PasswordInput maxLength={MAX_PASSWORD_LENGTH} autoComplete="new-password" />
          </Form.Item>
          <RoleChoice roles={ROLES} />
        </Form>
      </div>
    </Modal>
  )
}

interface ChangeUserProps {
  user: User
  onClose: () => void
  onDone: () => Promise<void>
}

export function ChangeUser({ user, onClose, onDone }: ChangeUserProps) {
  const t = useText(accessText)
  const parts = useText(partsText)
  const session = useText(sessionText)
  const notices = useNotices()
  const [form] = Form.useForm<Pick<NewUser, 'role' | 'password'>>()
  const { mutate, isPending, error } = useMutation({
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
    <Modal
      open
      title={t.changeUserTitle(user.name)}
      okText={t.save}
      cancelText={parts.cancel}
      confirmLoading={isPending}
      onOk={form.submit}
      onCancel={onClose}
    >
      <div className="stack">
        <ProblemAlert error={error} />
        <Form
          form={form}
          layout="vertical"
          requiredMark={false}
          initialValues={{ role: user.role }}
          onFinish={values => mutate(values)}
        >
          <RoleChoice roles={ROLES} />
          <Form.Item name="password" label={t.newPassword} extra={t.leaveOut} rules={passwordRules}>
            <PasswordInput maxLength={MAX_PASSWORD_LENGTH} autoComplete="new-password" />
          </Form.Item>
        </Form>
      </div>
    </Modal>
  )
}
