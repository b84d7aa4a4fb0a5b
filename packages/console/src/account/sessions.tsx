import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, type TableColumnsType } from 'antd'
import { api, resultOf } from '../api/client.ts'
import type { UserSession } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { useConfirm } from '../parts/confirm.tsx'
import { useNotices } from '../parts/notices.ts'
import { Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
import { Time } from '../parts/time.tsx'
import { WideTable } from '../parts/wide-table.tsx'
import { signOut } from '../session/session.ts'
import { accountText } from './text.ts'

const SESSIONS_KEY = ['sessions'] as const

/** Where the user is signed in, and how to end it there or everywhere. */
export function Sessions() {
  const t = useText(accountText)
  const client = useQueryClient()
  const confirm = useConfirm()
  const notices = useNotices()
  const { data, error, isPending, refetch } = useQuery({
    queryKey: SESSIONS_KEY,
    queryFn: ({ signal }) => resultOf(api.GET('/api/v1/sessions', { signal })),
  })
  const end = async (id: string): Promise<void> => {
    await resultOf(api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } }))
    await client.invalidateQueries({ queryKey: SESSIONS_KEY })
  }
  const everywhere = (
    <Button
      danger
      onClick={() =>
        confirm({
          title: t.signOutEverywhereTitle,
          content: t.signOutEverywhereText,
          verb: t.signOutEverywhere,
          danger: true,
          run: () => signOut(true),
        })
      }
    >
      {t.signOutEverywhere}
    </Button>
  )
  return (
    <Section title={t.sessions} actions={everywhere}>
      <ProblemAlert error={error} onRetry={() => void refetch()} />
      <WideTable
        label={t.sessions}
        rowKey="id"
        size="small"
        columns={useColumns(id => void end(id).catch(notices.failed))}
        dataSource={data?.items ?? []}
        loading={isPending}
      />
    </Section>
  )
}

function useColumns(end: (id: string) => void): TableColumnsType<UserSession> {
  const t = useText(accountText)
  const parts = useText(partsText)
  return [
    { title: t.address, key: 'address', dataIndex: 'address' },
    { title: t.browser, key: 'browser', render: (_, { userAgent }) => <div className="browser">{userAgent}</div> },
    { title: t.since, key: 'since', render: (_, { createdAt }) => <Time at={createdAt} /> },
    { title: t.lastSeenAt, key: 'seen', render: (_, { lastSeenAt }) => <Time at={lastSeenAt} /> },
    {
      title: parts.actions,
      key: 'actions',
      render: (_, { id, current }) =>
        current ? (
          t.thisOne
        ) : (
          <Button size="small" onClick={() => end(id)}>
            {t.signOut}
          </Button>
        ),
    },
  ]
}
