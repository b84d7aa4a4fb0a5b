import { CaretRightOutlined, PauseOutlined } from '@ant-design/icons'
import { Button, Drawer, Table, type TableColumnsType } from 'antd'
import { useMemo, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import type { JournalEntry } from '../api/types.ts'
import { devicePath } from '../frame/pages.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { Nothing, Page } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { Time } from '../parts/time.tsx'
import { useTableHeight } from '../parts/use-table-height.ts'
import { EntryDetails, Outcome } from './entry-details.tsx'
import { filtersOf, searchOf } from './filters.ts'
import { JournalFilterBar } from './journal-filters.tsx'
import { useJournal } from './journal-query.ts'
import { journalText } from './text.ts'

const NEAR_END_PX = 600
const LEAST_WIDTH_PX = 320

export function JournalPage() {
  const t = useText(journalText)
  const [search, setSearch] = useSearchParams()
  const filters = useMemo(() => filtersOf(search), [search])
  const [isPaused, setPaused] = useState(false)
  const [open, setOpen] = useState<JournalEntry>()
  const { entries, waiting, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useJournal(
    filters,
    isPaused,
  )
  const { place, height } = useTableHeight()
  const pause = (
    <Button icon={isPaused ? <CaretRightOutlined /> : <PauseOutlined />} onClick={() => setPaused(!isPaused)}>
      {isPaused ? t.resume : t.pause}
    </Button>
  )
  return (
    <Page title={t.title} lead={t.lead} actions={pause}>
      <JournalFilterBar filters={filters} onChange={next => setSearch(searchOf(next), { replace: true })} />
      <ProblemAlert error={error} onRetry={() => void refetch()} />
      <p className="quiet" role="status">
        {isPaused ? t.paused(waiting) : t.live}
      </p>
      <div ref={place}>
        <Table
          virtual
          rowKey="id"
          columns={useColumns(setOpen)}
          dataSource={entries}
          loading={isPending || isFetchingNextPage}
          pagination={false}
          scroll={{ x: LEAST_WIDTH_PX, y: height }}
          locale={{ emptyText: isPending ? ' ' : <NoEntries isFiltered={search.size > 0} /> }}
          onScroll={({ currentTarget }) => {
            const rest = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight
            if (rest < NEAR_END_PX && hasNextPage && !isFetchingNextPage) void fetchNextPage()
          }}
        />
      </div>
      <Drawer
        open={open !== undefined}
        size="min(720px, 100vw)"
        title={open === undefined ? '' : t.entry(open.id)}
        extra={open === undefined ? null : <DeviceLink entry={open} />}
        onClose={() => setOpen(undefined)}
      >
        {open === undefined ? null : <EntryDetails entry={open} />}
      </Drawer>
    </Page>
  )
}

function NoEntries({ isFiltered }: { isFiltered: boolean }) {
  const t = useText(journalText)
  return (
    <Nothing title={isFiltered ? t.noneFiltered : t.none}>
      <p>{isFiltered ? t.noneFilteredFix : t.noneFix}</p>
    </Nothing>
  )
}

function DeviceLink({ entry: { productKey, deviceName } }: { entry: JournalEntry }) {
  const t = useText(journalText)
  if (productKey === null || deviceName === null) return null
  return (
    <Link href={devicePath(productKey, deviceName)} asChild>
      <Button size="small">{t.openDevice}</Button>
    </Link>
  )
}

function useColumns(open: (entry: JournalEntry) => void): TableColumnsType<JournalEntry> {
  const t = useText(journalText)
  const { language } = usePreferences()
  return [
    { title: t.time, key: 'time', width: 210, render: (_, { time }) => <Time at={time} /> },
    {
      title: t.outcome,
      key: 'outcome',
      width: 120,
      responsive: ['md'],
      render: (_, { outcome }) => <Outcome outcome={outcome} />,
    },
    {
      title: t.what,
      key: 'what',
      render: (_, entry) => (
        <Button
          type="link"
          className="link-button"
          aria-label={t.details(entry.sentence[language])}
          onClick={() => open(entry)}
        >
          {entry.sentence[language]}
          {entry.count > 1 ? ` × ${entry.count}` : ''}
        </Button>
      ),
    },
    {
      title: t.device,
      key: 'device',
      width: 220,
      responsive: ['sm'],
      render: (_, entry) => <bdi>{entry.deviceName}</bdi>,
    },
    { title: t.address, key: 'address', width: 150, responsive: ['lg'], dataIndex: 'address' },
  ]
}
