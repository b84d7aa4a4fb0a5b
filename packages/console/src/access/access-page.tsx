import { Tabs } from 'antd'
import { useSearchParams } from 'wouter'
import { useText } from '../i18n/preferences.ts'
import { Page } from '../parts/page.tsx'
import { Keys } from './keys.tsx'
import { accessText } from './text.ts'
import { Users } from './users.tsx'

export function AccessPage() {
  const t = useText(accessText)
  const [search, setSearch] = useSearchParams()
  return (
    <Page title={t.title} lead={t.lead}>
      <Tabs
        activeKey={search.get('tab') === 'keys' ? 'keys' : 'users'}
        destroyOnHidden
        onChange={tab => setSearch(tab === 'keys' ? { tab } : {}, { replace: true })}
        items={[
          { key: 'users', label: t.users, children: <Users /> },
          { key: 'keys', label: t.keys, children: <Keys /> },
        ]}
      />
    </Page>
  )
}
