import { useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Modal, Progress } from 'antd'
import { useState } from 'react'
import type { BulkAction, Device } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
import { figure } from '../parts/time-text.ts'
import { type BulkProgress, runBulkAction } from './bulk-actions.ts'
import { devicesText } from './text.ts'

const ACTIONS = ['reset', 'disable', 'enable', 'delete'] as const
const SHOWN_FAILURES = 20
const ALL_PERCENT = 100

interface BulkBarProps {
  devices: readonly Device[]
  onDone: () => void
}

/** What can be done to all chosen devices. */
export function BulkBar({ devices, onDone }: BulkBarProps) {
  const t = useText(devicesText)
  const { language } = usePreferences()
  const [action, setAction] = useState<BulkAction>()
  return (
    <section className="row section" aria-label={t.selected(figure(devices.length, language))}>
      <strong>{t.selected(figure(devices.length, language))}</strong>
      {ACTIONS.map(name => (
        <Button key={name} size="small" danger={name === 'delete'} onClick={() => setAction(name)}>
          {t[name]}
        </Button>
      ))}
      <Button size="small" type="text" onClick={onDone}>
        {t.clearChoice}
      </Button>
      {action === undefined ? null : (
        <BulkRun action={action} devices={devices} onClose={() => setAction(undefined)} onDone={onDone} />
      )}
    </section>
  )
}

interface BulkRunProps extends BulkBarProps {
  action: BulkAction
  onClose: () => void
}

function BulkRun({ action, devices, onClose, onDone }: BulkRunProps) {
  const t = useText(devicesText)
  const parts = useText(partsText)
  const { language } = usePreferences()
  const client = useQueryClient()
  const [progress, setProgress] = useState<BulkProgress>()
  const [error, setError] = useState<unknown>()
  const [state, setState] = useState<'asked' | 'running' | 'done'>('asked')
  const all = figure(devices.length, language)
  const run = async (): Promise<void> => {
    setState('running')
    try {
      await runBulkAction(action, devices, setProgress)
    } catch (failure) {
      setError(failure)
    }
    setState('done')
    await client.invalidateQueries()
  }
  const close = state === 'done' ? onDone : onClose
  const percent =
    progress === undefined ? 0 : ((progress.done + progress.failures.length) / devices.length) * ALL_PERCENT
  return (
    <Modal
      open
      title={t.actionTitle(t[action], all)}
      okText={state === 'done' ? parts.close : t[action]}
      okButtonProps={{ danger: action === 'delete' && state !== 'done' }}
      cancelText={parts.cancel}
      cancelButtonProps={{ disabled: state !== 'asked' }}
      confirmLoading={state === 'running'}
      closable={state !== 'running'}
      mask={{ closable: false }}
      onOk={state === 'done' ? onDone : run}
      onCancel={close}
    >
      <div className="stack">
        <p>{t[`${action}Text`]}</p>
        {state === 'asked' ? null : (
          <>
            <Progress percent={Math.floor(percent)} aria-label={t.running} />
            <p role="status">{t.actionDone(figure(progress?.done ?? 0, language), all)}</p>
          </>
        )}
        <ProblemAlert error={error} />
        {progress === undefined || progress.failures.length === 0 ? null : <Failures failures={progress.failures} />}
      </div>
    </Modal>
  )
}

function Failures({ failures }: Pick<BulkProgress, 'failures'>) {
  const t = useText(devicesText)
  const { language } = usePreferences()
  return (
    <Alert
      type="warning"
      title={t.actionFailed(figure(failures.length, language))}
      description={
        <ul>
          {failures.slice(0, SHOWN_FAILURES).map(({ device, problem }) => (
            <li key={`${device.productKey}/${device.deviceName}`}>
              <bdi>{device.deviceName}</bdi>: {problem}
            </li>
          ))}
        </ul>
      }
    />
  )
}
