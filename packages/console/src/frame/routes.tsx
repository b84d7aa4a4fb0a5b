import type { ReactNode } from 'react'
import { Route, Switch } from 'wouter'
import { useText } from '../i18n/preferences.ts'
import { lazyPage } from '../parts/lazy-page.tsx'
import { Nothing, Page } from '../parts/page.tsx'
import type { Right } from '../session/access.ts'
import { useMay } from '../session/session.ts'
import { frameText } from './text.ts'

const OverviewPage = lazyPage(async () => (await import('../overview/overview-page.tsx')).OverviewPage)
const ProductsPage = lazyPage(async () => (await import('../products/products-page.tsx')).ProductsPage)
const ProductPage = lazyPage(async () => (await import('../product/product-page.tsx')).ProductPage)
const DevicesPage = lazyPage(async () => (await import('../devices/devices-page.tsx')).DevicesPage)
const DevicePage = lazyPage(async () => (await import('../device/device-page.tsx')).DevicePage)
const JournalPage = lazyPage(async () => (await import('../journal/journal-page.tsx')).JournalPage)
const ExplainPage = lazyPage(async () => (await import('../explain/explain-page.tsx')).ExplainPage)
const AccessPage = lazyPage(async () => (await import('../access/access-page.tsx')).AccessPage)
const AccountPage = lazyPage(async () => (await import('../account/account-page.tsx')).AccountPage)
const AuditPage = lazyPage(async () => (await import('../audit/audit-page.tsx')).AuditPage)
const SettingsPage = lazyPage(async () => (await import('../settings/settings-page.tsx')).SettingsPage)

export function Routes() {
  const t = useText(frameText)
  return (
    <Switch>
      <Route path="/" component={OverviewPage} />
      <Route path="/products" component={ProductsPage} />
      <Route path="/products/:pk/devices/:dn">
        {({ pk, dn }) => <DevicePage key={`${pk}/${dn}`} productKey={pk} deviceName={dn} />}
      </Route>
      <Route path="/products/:pk/:tab?">
        {({ pk, tab }) => <ProductPage key={pk} productKey={pk} tab={tab ?? ''} />}
      </Route>
      <Route path="/devices" component={DevicesPage} />
      <Route path="/journal" component={JournalPage} />
      <Route path="/account" component={AccountPage} />
      <Route path="/explain">
        <Only right="operate">
          <ExplainPage />
        </Only>
      </Route>
      <Route path="/access">
        <Only right="administer">
          <AccessPage />
        </Only>
      </Route>
      <Route path="/audit">
        <Only right="administer">
          <AuditPage />
        </Only>
      </Route>
      <Route path="/settings" component={SettingsPage} />
      <Route>
        <Page title={t.notFound}>
          <p>{t.notFoundFix}</p>
        </Page>
      </Route>
    </Switch>
  )
}

function Only({ right, children }: { right: Right; children: ReactNode }) {
  const t = useText(frameText)
  if (useMay(right)) return children
  return (
    <Nothing title={t.notAllowed}>
      <p>{t.notAllowedFix}</p>
    </Nothing>
  )
}
