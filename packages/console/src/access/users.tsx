import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, type TableColumnsType } from 'antd'
import { useState } from 'react'
import { api, resultOf } from '../api/client.ts'
import type { User } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { ConfirmByName, useConfirm } from '../parts/confirm.tsx'
import { useNotices } from '../parts/notices.ts'
import { Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
import { Time } from '../parts/time.tsx'
import { WideTable } from '../parts/wide-table.tsx'
import { useSession } from '../session/session.ts'
import { accessText } from './text.ts'
import { AddUser, ChangeUser } from './user-forms.tsx'

const USERS_KEY = ['users'] as const

export function Users() {
  const t = useText(accessText)
  const client = useQueryClient()
  const [isAdding, setAdding] = useState(false)
  const [changed, setChanged] = useState<User>()
  const [deleted, setDeleted] = useState<User>()
  const { data, error, isPending, refetch } = useQuery({
    queryKey: USERS_KEY,
    queryFn: ({ signal }) => resultOf(api.GET('/api/v1/users', { signal })),
  })
  const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: USERS_KEY })
  const remove = async (): Promise<void> => {
    if (deleted === undefined) return
    await resultOf(api.DELETE('/api/v1/users/{name}', { params: { path: { name: deleted.name } } }))
    await refresh()
  }
  const add = (
    <Button type="primary" onClick={() => setAdding(true)}>
      {t.addUser}
    </Button>
  )
  return (
    <Section title={t.users} actions={add}>
      <ProblemAlert error={error} onRetry={() => void refetch()} />
      <WideTable
        label={t.users}
        rowKey="name"
        size="small"
        columns={useColumns({ onChange: setChanged, onDelete: setDeleted, refresh })}
        dataSource={data?.items ?? []}
        loading={isPending}
      />
      <AddUser isOpen={isAdding} onClose={() => setAdding(false)} onDone={refresh} />
      {changed === undefined ? null : (
        <ChangeUser key={changed.name} user={changed} onClose={() => setChanged(undefined)} onDone={refresh} />
      )}
      <ConfirmByName
        isOpen={deleted !== undefined}
        onClose={() => setDeleted(undefined)}
        title={t.deleteTitle(deleted?.name ?? '')}
        content={t.deleteText}
        verb={t.deleteDo}
        name={deleted?.name ?? ''}
        run={remove}
      />
    </Section>
  )
}

interface UserActions {
  onChange: (user: User) => void
  onDelete: (user: User) => void
  refresh: () => Promise<void>
}

function useColumns({ onChange, onDelete, refresh }: UserActions): TableColumnsType<User> {
  const t = useText(accessText)
  const parts = useText(partsText)
  const own = useSession().user.name
  const confirm = useConfirm()
  const notices = useNotices()
  const setDisabled = async (name: string, disabled: boolean): Promise<void> => {
    await resultOf(api.PATCH('/api/v1/users/{name}', { params: { path: { name } }, body: { disabled } }))
    notices.done(t.saved)
    await refresh()
  }
  const switchButton = ({ name, disabled }: User) =>
    disabled ? (
      <Button size="small" onClick={() => void setDisabled(name, false).catch(notices.failed)}>
        {t.enable}
      </Button>
    ) : (
      <Button
        size="small"
        onClick={() =>
          confirm({
            title: t.disableTitle(name),
            content: t.disableText,
            verb: t.disable,
            danger: true,
            run: () => setDisabled(name, true),
          })
        }
      >
        {t.disable}
      </Button>
    )
  return [
    { title: t.name, key: 'name', render: (_, { name }) => <bdi>{name}</bdi> },
    { title: t.role, key: 'role', render: (_, { role }) => t[role] },
    { title: t.state, key: 'state', render: (_, { disabled }) => (disabled ? t.disabled : t.active) },
    { title: t.createdAt, key: 'createdAt', render: (_, { createdAt }) => <Time at={createdAt} /> },
    { title: t.lastSignInAt, key: 'last', render: (_, { lastSignInAt }) => <Time at={lastSignInAt} /> },
    {
      title: parts.actions,
      key: 'actions',
      render: (_, user) => (
        <div className="row">
          <Button size="small" onClick={() => onChange(user)}>
            {t.changeUser}
          </Button>
          {/* Whoever locks oneself out needs another administrator. */}
          {user.name === own ? null : (
            <>
              {switchButton(user)}
              <Button size="small" danger onClick={() => onDelete(user)}>
                {t.delete}
              </Button>
            </>
          )}
        </div>
      ),
    },
  ]
}
