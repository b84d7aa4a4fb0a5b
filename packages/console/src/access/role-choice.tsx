import { Form, Radio } from 'antd'
import { useText } from '../i18n/preferences.ts'
import { accessText } from './text.ts'

const HELP = {
  admin: 'adminHelp',
  operator: 'operatorHelp',
  viewer: 'viewerHelp',
  application: 'applicationHelp',
} as const

/** The form's value `role`, with what each role may do. */
export function RoleChoice({ roles }: { roles: readonly (keyof typeof HELP)[] }) {
  const t = useText(accessText)
  return (
    <Form.Item name="role" label={t.role}>
      <Radio.Group className="stack-tight choices">
        {roles.map(role => (
          <Radio key={role} value={role}>
            <strong>{t[role]}</strong>
            <p className="quiet">{t[HELP[role]]}</p>
          </Radio>
        ))}
      </Radio.Group>
    </Form.Item>
  )
}
