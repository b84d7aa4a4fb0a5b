import { useQueryClient } from '@tanstack/react-query'
import { Button, type TableColumnsType } from 'antd'
import { api, resultOf } from '../api/client.ts'
import type { Device } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { useConfirm } from '../parts/confirm.tsx'
import { Copyable } from '../parts/copy-button.tsx'
import { Nothing, Section } from '../parts/page.tsx'
import { partsText } from '../parts/text.ts'
import { Time } from '../parts/time.tsx'
import { WideTable } from '../parts/wide-table.tsx'
import { useMay } from '../session/session.ts'
import { deviceText } from './text.ts'

type ClientId = Device['clientIds'][number]

/** The units that share this name: keep one, forget one, forget all. */
export function ClientIds({ device }: { device: Device }) {
  const t = useText(deviceText)
  const mayOperate = useMay('operate')
  const clear = useClear(device)
  const columns = useColumns(device)
  // A device with a DeviceSecret has no ClientIDs and never will.
  if (device.hasSecret && device.clientIds.length === 0) return null
  return (
    <Section
      title={t.clientIds}
      actions={mayOperate && device.clientIds.length > 0 ? <Button onClick={clear}>{t.clear}</Button> : null}
    >
      {device.clientIds.length === 0 ? (
        <Nothing title={t.noClientIds}>
          <p>{t.noClientIdsFix}</p>
        </Nothing>
      ) : (
        <>
          <p className="quiet">{t.clientIdsHelp}</p>
          <WideTable
            label={t.clientIds}
            rowKey="clientId"
            size="small"
            columns={columns}
            dataSource={device.clientIds}
          />
        </>
      )}
    </Section>
  )
}

function useRefresh(): () => Promise<void> {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['device'] })
}

function useClear({ productKey, deviceName }: Device): () => void {
  const t = useText(deviceText)
  const confirm = useConfirm()
  const refresh = useRefresh()
  const path = { pk: productKey, dn: deviceName }
  const run = async (): Promise<void> => {
    await resultOf(api.DELETE('/api/v1/products/{pk}/devices/{dn}/client-ids', { params: { path } }))
    await refresh()
  }
  return () => confirm({ title: t.clearTitle(deviceName), content: t.clearText, verb: t.clear, danger: true, run })
}

function useColumns({ productKey, deviceName }: Device): TableColumnsType<ClientId> {
  const t = useText(deviceText)
  const parts = useText(partsText)
  const confirm = useConfirm()
  const refresh = useRefresh()
  const mayOperate = useMay('operate')
  const pathOf = (clientId: string) => ({ params: { path: { pk: productKey, dn: deviceName, clientId } } })
  const keep = async (clientId: string): Promise<void> => {
    await resultOf(api.POST('/api/v1/products/{pk}/devices/{dn}/client-ids/{clientId}/keep', pathOf(clientId)))
    await refresh()
  }
  const forget = async (clientId: string): Promise<void> => {
    await resultOf(api.DELETE('/api/v1/products/{pk}/devices/{dn}/client-ids/{clientId}', pathOf(clientId)))
    await refresh()
  }
  const actions = ({ clientId }: ClientId) => (
    <div className="row">
      <Button
        size="small"
        onClick={() =>
          confirm({
            title: t.keepTitle(clientId),
            content: t.keepText,
            verb: t.keep,
            danger: true,
            run: () => keep(clientId),
          })
        }
      >
        {t.keep}
      </Button>
      <Button
        size="small"
        onClick={() =>
          confirm({
            title: t.forgetTitle(clientId),
            content: t.forgetText,
            verb: t.forget,
            danger: true,
            run: () => forget(clientId),
          })
        }
      >
        {t.forget}
      </Button>
    </div>
  )
  return [
    {
      title: t.clientId,
      key: 'clientId',
      render: (_, { clientId }) => <Copyable text={clientId} what={t.clientId} />,
    },
    {
      title: t.state,
      key: 'state',
      render: (_, { usedAt, forbiddenAt }) => {
        if (forbiddenAt !== null) return t.forbidden
        return usedAt === null ? t.pending : t.inUse
      },
    },
    { title: t.issuedAt, key: 'issuedAt', render: (_, { createdAt }) => <Time at={createdAt} /> },
    { title: t.usedAt, key: 'usedAt', render: (_, { usedAt }) => <Time at={usedAt} /> },
    ...(mayOperate
      ? [{ title: parts.actions, key: 'actions', render: (_: unknown, item: ClientId) => actions(item) }]
      : []),
  ]
}
