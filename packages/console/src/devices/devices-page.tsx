import { DownloadOutlined, PlusOutlined, UploadOutlined } from '@ant-design/icons'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { Button, Table, type TableColumnsType } from 'antd'
import { useEffect, useMemo, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { api, resultOf } from '../api/client.ts'
import type { Device } from '../api/types.ts'
import { devicePath } from '../frame/pages.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { DeviceStatus } from '../parts/device-status.tsx'
import { Nothing, Page } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { Time } from '../parts/time.tsx'
import { figure } from '../parts/time-text.ts'
import { useTableHeight } from '../parts/use-table-height.ts'
import { useMay } from '../session/session.ts'
import { AddDevice } from './add-device.tsx'
import { BulkAll } from './bulk-all.tsx'
import { BulkBar } from './bulk-bar.tsx'
import { DeviceFilterBar } from './device-filters.tsx'
import { choiceOf, type DeviceFilters, filtersOf, searchOf } from './filters.ts'
import { ImportDevices } from './import-devices.tsx'
import { devicesText } from './text.ts'

const PAGE_LIMIT = 100
const NEAR_END_PX = 600
const LEAST_WIDTH_PX = 320

const keyOf = ({ productKey, deviceName }: Device): string => `${productKey}/${deviceName}`

function useDevices(filters: DeviceFilters) {
  return useInfiniteQuery({
    queryKey: ['devices', filters],
    queryFn: ({ pageParam, signal }) =>
      resultOf(
        api.GET('/api/v1/devices', {
          params: { query: { ...choiceOf(filters, Date.now()), limit: PAGE_LIMIT, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
  })
}

/** The fleet, page by page as it is scrolled: the list costs the same whatever its length. */
export function DevicesPage() {
  const t = useText(devicesText)
  const { language } = usePreferences()
  const [search, setSearch] = useSearchParams()
  const filters = useMemo(() => filtersOf(search), [search])
  const [chosen, setChosen] = useState<readonly Device[]>([])
  const mayOperate = useMay('operate')
  const { data, error, isPending, hasNextPage, isFetchingNextPage, isPlaceholderData, fetchNextPage, refetch } =
    useDevices(filters)
  const devices = useMemo(() => data?.pages.flatMap(page => page.items) ?? [], [data])
  // A search in a large registry ends a page after so many names, with few matches or none: it goes on until a page is full.
  const isLooking = hasNextPage && devices.length < PAGE_LIMIT && error === null
  useEffect(() => {
    if (isLooking && !isFetchingNextPage && !isPlaceholderData) void fetchNextPage()
  }, [isLooking, isFetchingNextPage, isPlaceholderData, fetchNextPage])
  // Unknown where counting would take as long as looking at every device.
  const total = data?.pages[0]?.total ?? undefined
  const { place, height } = useTableHeight()
  return (
    <Page
      title={t.title}
      lead={total === undefined ? undefined : t.total(figure(total, language))}
      actions={<Actions filters={filters} />}
    >
      <DeviceFilterBar
        filters={filters}
        onChange={next => {
          setChosen([])
          setSearch(searchOf(next), { replace: true })
        }}
      />
      <ProblemAlert error={error} onRetry={() => void refetch()} />
      {chosen.length > 0 ? <BulkBar devices={chosen} onDone={() => setChosen([])} /> : null}
      <div ref={place}>
        <Table<Device>
          virtual
          rowKey={keyOf}
          columns={useColumns()}
          dataSource={devices}
          loading={isPending || isFetchingNextPage}
          pagination={false}
          scroll={{ x: LEAST_WIDTH_PX, y: height }}
          locale={{ emptyText: isPending || isLooking ? ' ' : <NoDevices isFiltered={search.size > 0} /> }}
          {...(mayOperate
            ? {
                rowSelection: {
                  selectedRowKeys: chosen.map(keyOf),
                  onChange: (_keys, rows) => setChosen(rows),
                  getCheckboxProps: device => ({ 'aria-label': device.deviceName }),
                  columnWidth: 44,
                },
              }
            : {})}
          onScroll={({ currentTarget }) => {
            const rest = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight
            if (rest < NEAR_END_PX && hasNextPage && !isFetchingNextPage) void fetchNextPage()
          }}
        />
      </div>
    </Page>
  )
}

function NoDevices({ isFiltered }: { isFiltered: boolean }) {
  const t = useText(devicesText)
  return (
    <Nothing title={isFiltered ? t.noneFiltered : t.none}>
      <p>{isFiltered ? t.noneFilteredFix : t.noneFix}</p>
    </Nothing>
  )
}

function Actions({ filters }: { filters: DeviceFilters }) {
  const t = useText(devicesText)
  const { product } = filters
  const mayOperate = useMay('operate')
  const [open, setOpen] = useState<'add' | 'import'>()
  const close = (): void => setOpen(undefined)
  return (
    <>
      {mayOperate ? (
        <>
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setOpen('add')}>
            {t.add}
          </Button>
          <Button icon={<UploadOutlined />} onClick={() => setOpen('import')}>
            {t.import}
          </Button>
          <BulkAll filters={filters} />
          <AddDevice isOpen={open === 'add'} product={product} onClose={close} />
          <ImportDevices isOpen={open === 'import'} product={product} onClose={close} />
        </>
      ) : null}
      {product === undefined ? (
        <Button icon={<DownloadOutlined />} disabled title={t.exportWhy}>
          {t.export}
        </Button>
      ) : (
        <Button
          icon={<DownloadOutlined />}
          href={`/api/v1/products/${encodeURIComponent(product)}/devices.csv`}
          download={`${product}.csv`}
        >
          {t.export}
        </Button>
      )}
    </>
  )
}

function useColumns(): TableColumnsType<Device> {
  const t = useText(devicesText)
  return [
    {
      title: t.deviceName,
      key: 'deviceName',
      render: (_, { productKey, deviceName }) => (
        <Link href={devicePath(productKey, deviceName)}>
          <bdi>{deviceName}</bdi>
        </Link>
      ),
    },
    { title: t.status, key: 'status', width: 160, render: (_, { status }) => <DeviceStatus status={status} /> },
    { title: t.productKey, key: 'productKey', width: 200, responsive: ['md'], dataIndex: 'productKey' },
    {
      title: t.lastOnlineAt,
      key: 'lastOnlineAt',
      width: 210,
      responsive: ['lg'],
      render: (_, { lastOnlineAt }) => <Time at={lastOnlineAt} />,
    },
    {
      title: t.createdAt,
      key: 'createdAt',
      width: 210,
      responsive: ['xl'],
      render: (_, { createdAt }) => <Time at={createdAt} />,
    },
  ]
}
