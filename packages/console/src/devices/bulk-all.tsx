import { DownOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Dropdown, Modal } from 'antd'
import { useMemo, useState } from 'react'
import type { BulkAction } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { useStatusLabel } from '../parts/device-status.tsx'
import { Facts, Nothing } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
import { Time } from '../parts/time.tsx'
import { figure } from '../parts/time-text.ts'
import { countMatching, matchingDevices } from './bulk-actions.ts'
import { BULK_ACTIONS } from './bulk-bar.tsx'
import { BulkDialog } from './bulk-dialog.tsx'
import { choiceOf, type DeviceChoice, type DeviceFilters } from './filters.ts'
import { devicesText } from './text.ts'

interface Asked {
  action: BulkAction
  choice: DeviceChoice
  /** Each question counts anew. */
  at: number
}

/** What can be done to all devices that match the filters, however many. */
export function BulkAll({ filters }: { filters: DeviceFilters }) {
  const t = useText(devicesText)
  const [asked, setAsked] = useState<Asked>()
  const close = (): void => setAsked(undefined)
  const ask = (action: BulkAction): void => {
    const at = Date.now()
    setAsked({ action, at, choice: choiceOf(filters, at) })
  }
  return (
    <>
      <Dropdown
        trigger={['click']}
        menu={{
          items: BULK_ACTIONS.map(name => ({ key: name, label: t[`${name}All`], danger: name === 'delete' })),
          onClick: ({ key }) => {
            const action = BULK_ACTIONS.find(name => name === key)
            if (action !== undefined) ask(action)
          },
        }}
      >
        <Button icon={<DownOutlined />} iconPlacement="end">
          {t.allMatching}
        </Button>
      </Dropdown>
      {asked === undefined ? null : <Counted key={asked.at} asked={asked} onClose={close} />}
    </>
  )
}

/** Counts first, so that the question names the number. */
function Counted({ asked: { action, choice, at }, onClose }: { asked: Asked; onClose: () => void }) {
  const t = useText(devicesText)
  const parts = useText(partsText)
  const { language } = usePreferences()
  const [counted, setCounted] = useState(0)
  const { data: total, error } = useQuery({
    queryKey: ['device-count', at],
    queryFn: ({ signal }) => countMatching(choice, { onCount: setCounted, signal }),
    // What is asked about stays that, also when all else is read anew.
    staleTime: 'static',
    gcTime: 0,
  })
  const target = useMemo(() => (total ? matchingDevices(choice, total) : undefined), [choice, total])
  if (target !== undefined) {
    const filter = <Filter choice={choice} />
    return <BulkDialog action={action} target={target} filter={filter} onClose={onClose} onDone={onClose} />
  }
  return (
    <Modal
      open
      title={t[`${action}All`]}
      footer={<Button onClick={onClose}>{total === 0 ? parts.close : parts.cancel}</Button>}
      onCancel={onClose}
    >
      <div className="stack">
        <ProblemAlert error={error} />
        {total === 0 ? <Nothing title={t.noneFiltered} /> : null}
        {total === undefined && error === null ? <p role="status">{t.counting(figure(counted, language))}</p> : null}
      </div>
    </Modal>
  )
}

function Filter({ choice: { productKey, search, status, createdSince } }: { choice: DeviceChoice }) {
  const t = useText(devicesText)
  const statusLabel = useStatusLabel()
  const items = [
    ...(productKey === undefined ? [] : [[t.productKey, <code key="value">{productKey}</code>] as const]),
    ...(search === undefined ? [] : [[t.search, <bdi key="value">{search}</bdi>] as const]),
    ...(status === undefined ? [] : [[t.status, statusLabel(status)] as const]),
    ...(createdSince === undefined ? [] : [[t.createdSince, <Time key="value" at={createdSince} />] as const]),
  ]
  return items.length === 0 ? <strong>{t.everyDevice}</strong> : <Facts items={items} />
}
