import { useQuery } from '@tanstack/react-query'
import { Button, Spin, Tabs } from 'antd'
import { Link, useLocation } from 'wouter'
import type { Product } from '../api/types.ts'
import { productPath } from '../frame/pages.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { Copyable } from '../parts/copy-button.tsx'
import { Facts, Page, Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { Time } from '../parts/time.tsx'
import { figure } from '../parts/time-text.ts'
import { productQuery } from '../products/products-query.ts'
import { ConnectDevice } from './connect-device.tsx'
import { ProductSettings } from './product-settings.tsx'
import { Secret, useProductSecret } from './secret.tsx'
import { productText } from './text.ts'

export function ProductPage({ productKey, tab }: { productKey: string; tab: string }) {
  const t = useText(productText)
  const [, go] = useLocation()
  const { data: product, error, refetch } = useQuery(productQuery(productKey))
  if (product === undefined) {
    return error === null ? <Spin className="waiting" /> : <ProblemAlert error={error} onRetry={() => void refetch()} />
  }
  const tabs = [
    { key: '', label: t.summary, children: <Summary product={product} /> },
    { key: 'connect', label: t.connect, children: <ConnectDevice product={product} /> },
    { key: 'settings', label: t.settings, children: <ProductSettings product={product} /> },
  ]
  return (
    <Page title={product.name} heading={<bdi>{product.name}</bdi>} actions={<Links productKey={productKey} />}>
      <Tabs
        activeKey={tab}
        items={tabs}
        destroyOnHidden
        onChange={key => go(productPath(productKey, key), { replace: true })}
      />
    </Page>
  )
}

function Links({ productKey }: { productKey: string }) {
  const t = useText(productText)
  return (
    <>
      <Link href={`/devices?${new URLSearchParams({ product: productKey })}`} asChild>
        <Button>{t.seeDevices}</Button>
      </Link>
      <Link href={`/journal?${new URLSearchParams({ product: productKey })}`} asChild>
        <Button>{t.seeJournal}</Button>
      </Link>
    </>
  )
}

function Summary({ product }: { product: Product }) {
  const t = useText(productText)
  const { language } = usePreferences()
  const secret = useProductSecret(product.productKey)
  return (
    <Section title={t.summary}>
      <Facts
        items={[
          [t.productKey, <Copyable key="pk" text={product.productKey} what={t.productKey} />],
          [t.productSecret, <Secret key="ps" secret={secret} />],
          [t.devices, figure(product.deviceCount, language)],
          [t.online, figure(product.onlineCount, language)],
          [t.createdAt, <Time key="created" at={product.createdAt} />],
          [t.updatedAt, <Time key="updated" at={product.updatedAt} />],
        ]}
      />
    </Section>
  )
}
