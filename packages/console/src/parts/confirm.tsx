import { App, Input, Modal } from 'antd'
import { type ReactNode, useState } from 'react'
import { useText } from '../i18n/preferences.ts'
import { useNotices } from './notices.ts'
import { partsText } from './text.ts'

interface Question {
  /** Names the thing. */
  title: string
  /** What will happen. */
  content: ReactNode
  /** The verb, as the button shows it. */
  verb: string
  danger?: boolean
  run: () => Promise<unknown>
}

/** Asks before something is done; stays open until it is done, and tells why where it fails. */
export function useConfirm(): (question: Question) => void {
  const { modal } = App.useApp()
  const t = useText(partsText)
  const notices = useNotices()
  return ({ title, content, verb, danger = false, run }) => {
    modal.confirm({
      title,
      content,
      okText: verb,
      okButtonProps: { danger },
      cancelText: t.cancel,
      autoFocusButton: 'cancel',
      onOk: () => run().catch(notices.failed),
    })
  }
}

interface ConfirmByNameProps extends Omit<Question, 'danger'> {
  name: string
  isOpen: boolean
  onClose: () => void
}

/** For what can't be undone: the name has to be typed. */
export function ConfirmByName({ title, content, verb, run, name, isOpen, onClose }: ConfirmByNameProps) {
  const t = useText(partsText)
  const notices = useNotices()
  const [typed, setTyped] = useState('')
  const [isRunning, setRunning] = useState(false)
  const confirm = async (): Promise<void> => {
    setRunning(true)
    try {
      await run()
      onClose()
    } catch (error) {
      notices.failed(error)
    } finally {
      setRunning(false)
    }
  }
  return (
    <Modal
      open={isOpen}
      title={title}
      okText={verb}
      okButtonProps={{ danger: true, disabled: typed !== name }}
      cancelText={t.cancel}
      confirmLoading={isRunning}
      onOk={confirm}
      onCancel={onClose}
      afterClose={() => setTyped('')}
      destroyOnHidden
    >
      <div className="stack">
        <div>{content}</div>
        <label className="stack-tight">
          <span>{t.typeName(name)}</span>
          <Input value={typed} onChange={event => setTyped(event.target.value)} autoComplete="off" spellCheck={false} />
        </label>
      </div>
    </Modal>
  )
}
