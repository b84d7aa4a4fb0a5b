import { MenuOutlined } from '@ant-design/icons'
import { Button, Drawer } from 'antd'
import { useState } from 'react'
import { Link } from 'wouter'
import { useText } from '../i18n/preferences.ts'
import { ConnectionBanner } from './connection-banner.tsx'
import { DeviceSearch } from './device-search.tsx'
import { Navigation } from './navigation.tsx'
import { PreferencesMenu } from './preferences-menu.tsx'
import { Routes } from './routes.tsx'
import { frameText } from './text.ts'
import { UserMenu } from './user-menu.tsx'

/** What stands around every page: menu, search, preferences, the state of the connection. */
export function Shell() {
  const t = useText(frameText)
  const [isMenuOpen, setMenuOpen] = useState(false)
  return (
    <div className="shell">
      <a className="skip" href="#page">
        {t.skip}
      </a>
      <header className="bar">
        <Button
          className="menu-button"
          type="text"
          icon={<MenuOutlined />}
          aria-label={t.menu}
          onClick={() => setMenuOpen(true)}
        />
        <Link href="/" className="brand" aria-label="Hatchway">
          <img src="/icon.svg" alt="" width="24" height="24" />
          <span>Hatchway</span>
        </Link>
        <DeviceSearch />
        <div className="bar-end">
          <PreferencesMenu />
          <UserMenu />
        </div>
      </header>
      <aside className="side">
        <Navigation />
      </aside>
      <Drawer open={isMenuOpen} placement="left" size={260} title={t.menu} onClose={() => setMenuOpen(false)}>
        <Navigation onChoice={() => setMenuOpen(false)} />
      </Drawer>
      <main className="main" id="page" tabIndex={-1}>
        <ConnectionBanner />
        <Routes />
      </main>
    </div>
  )
}
