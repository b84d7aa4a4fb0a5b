import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { Link } from 'wouter'
import { api, resultOf } from '../api/client.ts'
import type { Stats } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { Nothing, Page, Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { figure } from '../parts/time-text.ts'
import { useMay } from '../session/session.ts'
import { HealthFacts } from './health.tsx'
import { DayRates, LiveRates } from './rates.tsx'
import { RefusalsByReason } from './refusals.tsx'
import { overviewText } from './text.ts'

const REFRESH_MS = 5000

export function OverviewPage() {
  const t = useText(overviewText)
  const { data, error } = useQuery({
    queryKey: ['stats'],
    queryFn: ({ signal }) => resultOf(api.GET('/api/v1/stats', { signal })),
    refetchInterval: REFRESH_MS,
  })
  return (
    <Page title={t.title}>
      <ProblemAlert error={error} />
      {data?.registry.products === 0 ? <FirstSteps /> : null}
      {data === undefined ? null : <Tiles registry={data.registry} />}
      <div className="columns">
        <LiveRates />
        <DayRates />
        <RefusalsByReason />
        <HealthFacts />
      </div>
    </Page>
  )
}

function Tiles({ registry }: { registry: Stats['registry'] }) {
  const t = useText(overviewText)
  const { language } = usePreferences()
  const tiles = [
    ['/devices?status=ONLINE', registry.online, t.online],
    ['/devices?status=OFFLINE', registry.offline, t.offline],
    ['/devices?status=UNACTIVE', registry.unactive, t.unactive],
    ['/devices?status=DISABLE', registry.disabled, t.disabled],
    ['/devices', registry.devices, t.devices],
    ['/products', registry.products, t.products],
  ] as const
  return (
    <div className="tiles">
      {tiles.map(([href, value, label]) => (
        <Link key={label} href={href} className="tile">
          <strong>{figure(value, language)}</strong>
          <span>{label}</span>
        </Link>
      ))}
    </div>
  )
}

function FirstSteps() {
  const t = useText(overviewText)
  const mayOperate = useMay('operate')
  return (
    <Section title={t.firstProduct}>
      <Nothing title={t.firstProductFix}>
        {mayOperate ? (
          <Link href="/products?create=1" asChild>
            <Button type="primary">{t.createProduct}</Button>
          </Link>
        ) : null}
      </Nothing>
    </Section>
  )
}
