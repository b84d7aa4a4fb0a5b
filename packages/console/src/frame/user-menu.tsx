import { LogoutOutlined, UserOutlined } from '@ant-design/icons'
import { Button, Dropdown } from 'antd'
import { useLocation } from 'wouter'
import { useText } from '../i18n/preferences.ts'
import { useNotices } from '../parts/notices.ts'
import { signOut, useSession } from '../session/session.ts'
import { frameText } from './text.ts'

export function UserMenu() {
  const t = useText(frameText)
  const { user } = useSession()
  const [, go] = useLocation()
  const notices = useNotices()
  const items = [
    { key: 'account', icon: <UserOutlined />, label: t.account, onClick: () => go('/account') },
    {
      key: 'out',
      icon: <LogoutOutlined />,
      label: t.signOut,
      onClick: () => void signOut(false).catch(notices.failed),
    },
  ]
  const label = t.user(user.name, t[user.role])
  return (
    <Dropdown trigger={['click']} menu={{ items }}>
      <Button type="text" icon={<UserOutlined />} aria-label={label} title={label}>
        <bdi className="user-name">{user.name}</bdi>
      </Button>
    </Dropdown>
  )
}
