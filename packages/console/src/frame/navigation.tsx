import {
  AppstoreOutlined,
  AuditOutlined,
  DashboardOutlined,
  FileSearchOutlined,
  HddOutlined,
  KeyOutlined,
  SettingOutlined,
  SolutionOutlined,
} from '@ant-design/icons'
import { Link, useLocation } from 'wouter'
import { useText } from '../i18n/preferences.ts'
import { may } from '../session/access.ts'
import { useSession } from '../session/session.ts'
import { PAGES, pageOf } from './pages.ts'
import { frameText } from './text.ts'

const ICONS = {
  overview: <DashboardOutlined />,
  products: <AppstoreOutlined />,
  devices: <HddOutlined />,
  journal: <FileSearchOutlined />,
  explain: <SolutionOutlined />,
  access: <KeyOutlined />,
  audit: <AuditOutlined />,
  settings: <SettingOutlined />,
}

/** The menu; what the role may not see isn't in it. */
export function Navigation({ onChoice }: { onChoice?: () => void }) {
  const t = useText(frameText)
  const [path] = useLocation()
  const { role } = useSession().user
  const current = pageOf(path)
  return (
    <nav aria-label={t.navigation} className="navigation">
      {PAGES.filter(({ right }) => may(role, right)).map(page => (
        <Link
          key={page.path}
          href={page.path}
          aria-current={page.path === current ? 'page' : undefined}
          onClick={() => onChoice?.()}
        >
          {ICONS[page.name]}
          <span>{t[page.name]}</span>
        </Link>
      ))}
    </nav>
  )
}
