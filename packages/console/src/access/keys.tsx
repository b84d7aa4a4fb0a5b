import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { api, resultOf } from '../api/client.ts'
import type { ApiKey } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { ConfirmByName } from '../parts/confirm.tsx'
import { Copyable } from '../parts/copy-button.tsx'
import { Nothing, Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
import { Time } from '../parts/time.tsx'
import { WideTable } from '../parts/wide-table.tsx'
import { NewKey } from './new-key.tsx'
import { accessText } from './text.ts'

const KEYS_KEY = ['keys'] as const

export function Keys() {
  const t = useText(accessText)
  const client = useQueryClient()
  const [isAdding, setAdding] = useState(false)
  const [revoked, setRevoked] = useState<ApiKey>()
  const { data, error, isPending, refetch } = useQuery({
    queryKey: KEYS_KEY,
    queryFn: ({ signal }) => resultOf(api.GET('/api/v1/keys', { signal })),
  })
  const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: KEYS_KEY })
  const revoke = async (): Promise<void> => {
    if (revoked === undefined) return
    await resultOf(api.DELETE('/api/v1/keys/{id}', { params: { path: { id: revoked.id } } }))
    await refresh()
  }
  const add = (
    <Button type="primary" onClick={() => setAdding(true)}>
      {t.addKey}
    </Button>
  )
  const none = (
    <Nothing title={t.noKeys}>
      <p>{t.noKeysFix}</p>
    </Nothing>
  )
  return (
    <Section title={t.keys} actions={add}>
      <ProblemAlert error={error} onRetry={() => void refetch()} />
      <WideTable
        label={t.keys}
        rowKey="id"
        size="small"
        columns={useColumns(setRevoked)}
        dataSource={data?.items ?? []}
        loading={isPending}
        locale={{ emptyText: none }}
      />
      <NewKey isOpen={isAdding} onClose={() => setAdding(false)} onDone={refresh} />
      <ConfirmByName
        isOpen={revoked !== undefined}
        onClose={() => setRevoked(undefined)}
        title={t.revokeTitle(revoked?.name ?? '')}
        content={t.revokeText}
        verb={t.revokeDo}
        name={revoked?.name ?? ''}
        run={revoke}
      />
    </Section>
  )
}

function useColumns(onRevoke: (key: ApiKey) => void): TableColumnsType<ApiKey> {
  const t = useText(accessText)
  const parts = useText(partsText)
  return [
    { title: t.name, key: 'name', render: (_, { name }) => <bdi>{name}</bdi> },
    { title: t.keyId, key: 'id', render: (_, { id }) => <Copyable text={id} what={t.keyId} /> },
    { title: t.role, key: 'role', render: (_, { role }) => t[role] },
    { title: t.products, key: 'products', render: (_, { products }) => products?.join(', ') ?? t.allProducts },
    { title: t.state, key: 'state', render: (_, { revokedAt }) => (revokedAt === null ? t.active : t.revoked) },
    { title: t.createdAt, key: 'createdAt', render: (_, { createdAt }) => <Time at={createdAt} /> },
    {
      title: parts.actions,
      key: 'actions',
      render: (_, key) =>
        key.revokedAt === null ? (
          <Button size="small" danger onClick={() => onRevoke(key)}>
            {t.revoke}
          </Button>
        ) : null,
    },
  ]
}
