import { useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Input, Modal, Progress } from 'antd'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { BulkAction } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
import { figure } from '../parts/time-text.ts'
import { type BulkProgress, type BulkTarget, NOTHING_DONE, runBulk } from './bulk-actions.ts'
import { devicesText } from './text.ts'

const SHOWN_FAILURES = 20
const ALL_PERCENT = 100

type Phase = 'asked' | 'running' | 'stopping' | 'paused' | 'done'

interface BulkDialogProps {
  action: BulkAction
  target: BulkTarget
  /** What finds the devices, where it is not a choice of single ones: then their number has to be typed for what hurts. */
  filter?: ReactNode
  /** Without anything done. */
  onClose: () => void
  onDone: () => void
}

/** Asks, does it part by part, and tells how far it has come; it can be stopped, and goes on where it has stopped or failed. */
export function BulkDialog({ action, target, filter, onClose, onDone }: BulkDialogProps) {
  const t = useText(devicesText)
  const parts = useText(partsText)
  const { language } = usePreferences()
  const { phase, progress, error, start, stop } = useBulkRun(action, target)
  const [typed, setTyped] = useState('')
  const all = figure(target.total, language)
  const isHeld = filter !== undefined && (action === 'delete' || action === 'disable')
  const isAgreed = !isHeld || typed.replace(/\D/g, '') === String(target.total)
  const treated = progress.done + progress.failed
  const buttons: Record<Phase, ReactNode[]> = {
    asked: [
      <Button key="cancel" onClick={onClose}>
        {parts.cancel}
      </Button>,
      <Button key="run" type="primary" danger={action === 'delete'} disabled={!isAgreed} onClick={start}>
        {t[action]}
      </Button>,
    ],
    running: [
      <Button key="stop" onClick={stop}>
        {t.importStop}
      </Button>,
    ],
    stopping: [
      <Button key="stop" loading>
        {t.importStop}
      </Button>,
    ],
    paused: [
      <Button key="close" onClick={onDone}>
        {parts.close}
      </Button>,
      <Button key="on" type="primary" danger={action === 'delete'} onClick={start}>
        {t.goOn}
      </Button>,
    ],
    done: [
      <Button key="close" type="primary" onClick={onDone}>
        {parts.close}
      </Button>,
    ],
  }
  const isClosable = phase !== 'running' && phase !== 'stopping'
  return (
    <Modal
      open
      title={t.actionTitle(t[action], all)}
      footer={buttons[phase]}
      closable={isClosable}
      keyboard={isClosable}
      mask={{ closable: false }}
      onCancel={phase === 'asked' ? onClose : onDone}
    >
      <div className="stack">
        {filter}
        <p>{t[`${action}Text`]}</p>
        {phase === 'asked' ? null : (
          <>
            <Progress
              percent={phase === 'done' ? ALL_PERCENT : Math.floor((treated / target.total) * ALL_PERCENT)}
              aria-label={t.running}
            />
            <p role="status">{t.actionDone(figure(progress.done, language), all)}</p>
          </>
        )}
        {phase === 'paused' ? <p>{error === undefined ? t.restUntouched : t.restUnsure}</p> : null}
        <ProblemAlert error={error} />
        {progress.failed === 0 ? null : <Failures progress={progress} />}
        {isHeld && phase === 'asked' ? (
          <label className="stack-tight">
            <span>{parts.typeName(all)}</span>
            <Input
              inputMode="numeric"
              autoComplete="off"
              value={typed}
              onChange={event => setTyped(event.target.value)}
            />
          </label>
        ) : null}
      </div>
    </Modal>
  )
}

function useBulkRun(action: BulkAction, target: BulkTarget) {
  const client = useQueryClient()
  const [phase, setPhase] = useState<Phase>('asked')
  const [progress, setProgress] = useState(NOTHING_DONE)
  const [error, setError] = useState<unknown>()
  const stopping = useRef<AbortController>(undefined)
  // Who leaves the page stops it.
  useEffect(() => () => stopping.current?.abort(), [])
  const start = async (): Promise<void> => {
    const controller = new AbortController()
    stopping.current = controller
    let reached = progress
    setPhase('running')
    setError(undefined)
    try {
      await runBulk(target, { action, from: progress, signal: controller.signal }, now => {
        reached = now
        setProgress(now)
      })
    } catch (failure) {
      setError(failure)
    }
    setPhase(reached.isEnded ? 'done' : 'paused')
    await client.invalidateQueries()
  }
  const stop = (): void => {
    stopping.current?.abort()
    setPhase('stopping')
  }
  return { phase, progress, error, start, stop }
}

function Failures({ progress: { failed, failures } }: { progress: BulkProgress }) {
  const t = useText(devicesText)
  const { language } = usePreferences()
  return (
    <Alert
      type="warning"
      title={t.actionFailed(figure(failed, language))}
      description={
        <ul>
          {failures.slice(0, SHOWN_FAILURES).map(({ productKey, deviceName, problem, reason }) => (
            <li key={`${productKey}/${deviceName}`}>
              <bdi>{deviceName}</bdi>: {problem ?? reason}
            </li>
          ))}
        </ul>
      }
    />
  )
}
