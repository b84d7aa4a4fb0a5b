import { type ReactNode, useEffect } from 'react'
import { PreferencesMenu } from '../frame/preferences-menu.tsx'

/** The page of somebody who is not signed in yet. */
export function Entrance({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Hatchway`
  }, [title])
  return (
    <div className="entrance">
      <div className="entrance-preferences">
        <PreferencesMenu />
      </div>
      <main className="entrance-card">
        <p className="brand">
          <img src="/icon.svg" alt="" width="28" height="28" />
          <span>Hatchway</span>
        </p>
        <h1>{title}</h1>
        <p className="lead">{lead}</p>
        {children}
      </main>
    </div>
  )
}
