import { useQueryClient } from '@tanstack/react-query'
import { Button, Input, Modal } from 'antd'
import { useState } from 'react'
import { useText } from '../i18n/preferences.ts'
import { partsText } from '../parts/text.ts'
import { ImportReport } from './import-report.tsx'
import { useImport } from './import-run.ts'
import { ProductSelect } from './product-select.tsx'
import { devicesText } from './text.ts'

interface ImportDevicesProps {
  isOpen: boolean
  product: string | undefined
  onClose: () => void
}

/** Many devices out of a file or pasted lines, with what became of each. */
export function ImportDevices({ isOpen, product, onClose }: ImportDevicesProps) {
  const t = useText(devicesText)
  const parts = useText(partsText)
  const client = useQueryClient()
  const [chosen, setChosen] = useState<string>()
  const [csv, setCsv] = useState('')
  const { state, start, stop, again } = useImport()
  const productKey = chosen ?? product
  const run = async (): Promise<void> => {
    if (productKey === undefined) return
    await start(productKey, csv)
    await client.invalidateQueries()
  }
  const buttons = {
    ready: [
      <Button key="cancel" onClick={onClose}>
        {parts.cancel}
      </Button>,
      <Button key="run" type="primary" disabled={productKey === undefined || csv.trim() === ''} onClick={run}>
        {t.importDo}
      </Button>,
    ],
    running: [
      <Button key="stop" danger onClick={stop}>
        {t.importStop}
      </Button>,
    ],
    done: [
      <Button key="again" onClick={again}>
        {t.again}
      </Button>,
      <Button key="close" type="primary" onClick={onClose}>
        {parts.close}
      </Button>,
    ],
  }
  return (
    <Modal
      open={isOpen}
      title={t.importTitle}
      width={720}
      footer={buttons[state.phase]}
      closable={state.phase !== 'running'}
      mask={{ closable: false }}
      onCancel={onClose}
      afterClose={() => {
        again()
        setCsv('')
        setChosen(undefined)
      }}
    >
      {state.phase === 'ready' ? (
        <div className="stack">
          <p>{t.importLead}</p>
          <ProductSelect value={productKey} onChange={setChosen} />
          <CsvInput csv={csv} onChange={setCsv} />
        </div>
      ) : (
        <ImportReport state={state} />
      )}
    </Modal>
  )
}

function CsvInput({ csv, onChange }: { csv: string; onChange: (csv: string) => void }) {
  const t = useText(devicesText)
  const [isUnreadable, setUnreadable] = useState(false)
  const read = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return
    try {
      onChange(new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer()))
      setUnreadable(false)
    } catch {
      setUnreadable(true)
    }
  }
  return (
    <>
      <label className="stack-tight">
        <span>{t.file}</span>
        <input type="file" accept=".csv,text/csv,text/plain" onChange={event => void read(event.target.files?.[0])} />
      </label>
      {isUnreadable ? <p role="alert">{t.unreadable}</p> : null}
      <label className="stack-tight">
        <span>{t.paste}</span>
        <Input.TextArea
          value={csv}
          rows={8}
          spellCheck={false}
          placeholder={'deviceName,deviceSecret\nSN20260001,\nSN20260002,'}
          onChange={event => onChange(event.target.value)}
        />
      </label>
    </>
  )
}
