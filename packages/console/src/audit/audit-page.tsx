import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { Alert, Button, Input, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { api, resultOf } from '../api/client.ts'
import type { AuditEntry } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { CodeBlock } from '../parts/copy-button.tsx'
import { Nothing, Page } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
import { Time } from '../parts/time.tsx'
import { figure } from '../parts/time-text.ts'
import { useDebounced } from '../parts/use-debounced.ts'
import { WideTable } from '../parts/wide-table.tsx'
import { auditText } from './text.ts'

const PAGE_LIMIT = 100
const INDENT = 2
const FILTERS = ['actor', 'action', 'target'] as const
type Filters = Readonly<Partial<Record<(typeof FILTERS)[number], string>>>

export function AuditPage() {
  const t = useText(auditText)
  const parts = useText(partsText)
  const [filters, setFilters] = useState<Filters>({})
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useInfiniteQuery({
    queryKey: ['audit', filters],
    queryFn: ({ pageParam, signal }) =>
      resultOf(
        api.GET('/api/v1/audit', { params: { query: { ...filters, limit: PAGE_LIMIT, cursor: pageParam } }, signal }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
  })
  return (
    <Page title={t.title} lead={t.lead} actions={null}>
      <Verification />
      <search className="row section">
        {FILTERS.map(name => (
          <Filter
            key={name}
            label={t[name]}
            onChange={value =>
              setFilters(({ [name]: _, ...others }) => (value === '' ? others : { ...others, [name]: value }))
            }
          />
        ))}
      </search>
      <ProblemAlert error={error} onRetry={() => void refetch()} />
      <WideTable
        label={t.title}
        rowKey="id"
        size="small"
        columns={useColumns()}
        dataSource={data?.pages.flatMap(page => page.items) ?? []}
        loading={isPending}
        expandable={{
          rowExpandable: ({ before, after }) => before !== null || after !== null,
          expandedRowRender: entry => <Change entry={entry} />,
        }}
        locale={{
          emptyText: (
            <Nothing title={t.none}>
              <p>{t.noneFix}</p>
            </Nothing>
          ),
        }}
      />
      {hasNextPage ? (
        <Button block loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {parts.loadMore}
        </Button>
      ) : null}
    </Page>
  )
}

function Filter({ label, onChange }: { label: string; onChange: (value: string) => void }) {
  const [text, setText] = useDebounced('', value => onChange(value.trim()))
  return (
    <Input
      className="grow"
      aria-label={label}
      placeholder={label}
      allowClear
      maxLength={128}
      value={text}
      onChange={event => setText(event.target.value)}
    />
  )
}

function Verification() {
  const t = useText(auditText)
  const { language } = usePreferences()
  const { mutate, data, error, isPending } = useMutation({
    mutationFn: () => resultOf(api.GET('/api/v1/audit/verify')),
  })
  return (
    <div className="stack section">
      <div>
        <Button loading={isPending} onClick={() => mutate()}>
          {t.verify}
        </Button>
      </div>
      <ProblemAlert error={error} />
      {data?.ok === true ? (
        <Alert type="success" showIcon role="status" title={t.verified(figure(data.entries, language))} />
      ) : null}
      {data?.ok === false ? (
        <Alert
          type="error"
          showIcon
          role="alert"
          title={t.broken}
          description={t.brokenAt(String(data.firstBadId), data.problem ?? '')}
        />
      ) : null}
    </div>
  )
}

function Change({ entry: { before, after } }: { entry: AuditEntry }) {
  const t = useText(auditText)
  return (
    <div className="columns">
      {before === null ? null : (
        <div>
          <h3>{t.before}</h3>
          <CodeBlock code={JSON.stringify(before, null, INDENT)} what={t.before} />
        </div>
      )}
      {after === null ? null : (
        <div>
          <h3>{t.after}</h3>
          <CodeBlock code={JSON.stringify(after, null, INDENT)} what={t.after} />
        </div>
      )}
    </div>
  )
}

function useColumns(): TableColumnsType<AuditEntry> {
  const t = useText(auditText)
  return [
    { title: t.time, key: 'time', render: (_, { at }) => <Time at={at} /> },
    {
      title: t.actor,
      key: 'actor',
      render: (_, { actor }) => <bdi>{actor.kind === 'server' ? t.server : actor.name}</bdi>,
    },
    { title: t.action, key: 'action', render: (_, { action }) => <code>{action}</code> },
    { title: t.target, key: 'target', render: (_, { target }) => <bdi>{target}</bdi> },
    {
      title: t.address,
      key: 'address',
      render: (_, { address, via }) => [address, via].filter(Boolean).join(', '),
    },
  ]
}
