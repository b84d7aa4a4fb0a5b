import { PlusOutlined } from '@ant-design/icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Button, type TableColumnsType } from 'antd'
import { Link, useSearchParams } from 'wouter'
import type { Product } from '../api/types.ts'
import { productPath } from '../frame/pages.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { Copyable } from '../parts/copy-button.tsx'
import { Nothing, Page, Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
import { Time } from '../parts/time.tsx'
import { figure } from '../parts/time-text.ts'
import { WideTable } from '../parts/wide-table.tsx'
import { useMay } from '../session/session.ts'
import { NewProduct } from './new-product.tsx'
import { productsQuery } from './products-query.ts'
import { productsText } from './text.ts'

export function ProductsPage() {
  const t = useText(productsText)
  const parts = useText(partsText)
  const columns = useColumns()
  const mayOperate = useMay('operate')
  const [search, setSearch] = useSearchParams()
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } =
    useInfiniteQuery(productsQuery)
  const products = data?.pages.flatMap(page => page.items) ?? []
  const openWizard = (): void => setSearch({ create: '1' })
  const create = (
    <Button type="primary" icon={<PlusOutlined />} onClick={openWizard}>
      {t.create}
    </Button>
  )
  return (
    <Page title={t.title} lead={t.lead} actions={mayOperate ? create : null}>
      <ProblemAlert error={error} onRetry={() => void refetch()} />
      {data !== undefined && products.length === 0 ? (
        <Section title={t.none}>
          <Nothing title={mayOperate ? t.noneFix : t.noneViewer}>{mayOperate ? create : null}</Nothing>
        </Section>
      ) : (
        <WideTable label={t.title} rowKey="productKey" columns={columns} dataSource={products} loading={isPending} />
      )}
      {hasNextPage ? (
        <Button block loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {parts.loadMore}
        </Button>
      ) : null}
      <NewProduct isOpen={mayOperate && search.has('create')} onClose={() => setSearch({})} />
    </Page>
  )
}

function useColumns(): TableColumnsType<Product> {
  const t = useText(productsText)
  const { language } = usePreferences()
  return [
    {
      title: t.name,
      key: 'name',
      render: (_, { name, productKey }) => (
        <>
          <Link href={productPath(productKey)}>
            <bdi>{name}</bdi>
          </Link>
          <br />
          <Copyable text={productKey} what={t.productKey} />
        </>
      ),
    },
    {
      title: t.devices,
      key: 'devices',
      align: 'right',
      render: (_, { productKey, deviceCount }) => (
        <Link href={`/devices?${new URLSearchParams({ product: productKey })}`}>{figure(deviceCount, language)}</Link>
      ),
    },
    { title: t.online, key: 'online', align: 'right', render: (_, { onlineCount }) => figure(onlineCount, language) },
    { title: t.registration, key: 'registration', render: (_, product) => t[registrationOf(product)] },
    {
      title: t.createdAt,
      key: 'createdAt',
      responsive: ['lg'],
      render: (_, { createdAt }) => <Time at={createdAt} />,
    },
  ]
}

function registrationOf({ dynamicRegistration, preregistrationFree }: Product) {
  if (!dynamicRegistration) return 'switchOff'
  return preregistrationFree ? 'switchFree' : 'switchPre'
}
