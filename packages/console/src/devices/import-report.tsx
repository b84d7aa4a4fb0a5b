import { Button, Checkbox, Progress, Table, type TableColumnsType } from 'antd'
import { useState } from 'react'
import type { ImportRow } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { figure } from '../parts/time-text.ts'
import type { ImportState } from './import-run.ts'
import { rowProblem } from './row-problem.ts'
import { devicesText } from './text.ts'

const ALL_PERCENT = 100
const HEIGHT_PX = 320
const LEAST_WIDTH_PX = 300

/** What became of each line, while the import runs and after it. */
export function ImportReport({ state: { phase, total, rows, created, error } }: { state: ImportState }) {
  const t = useText(devicesText)
  const { language } = usePreferences()
  const [onlyFailed, setOnlyFailed] = useState(false)
  const failed = rows.filter(({ outcome }) => outcome === 'failed')
  const shown = (count: number): string => figure(count, language)
  return (
    <div className="stack">
      <Progress
        percent={total === 0 ? ALL_PERCENT : Math.floor((rows.length / total) * ALL_PERCENT)}
        status={phase === 'running' ? 'active' : 'normal'}
        aria-label={t.importTitle}
      />
      <p role="status">
        {t.importedOf(shown(rows.length), shown(total))}: {t.createdCount(shown(created))},{' '}
        {t.failedCount(shown(failed.length))}
      </p>
      <ProblemAlert error={error} />
      <div className="row">
        <Checkbox checked={onlyFailed} onChange={event => setOnlyFailed(event.target.checked)}>
          {t.onlyFailed}
        </Checkbox>
        {phase === 'done' && failed.length > 0 ? <FailedDownload rows={failed} /> : null}
      </div>
      <Table
        virtual
        size="small"
        rowKey="line"
        columns={useColumns()}
        dataSource={onlyFailed ? failed : rows}
        pagination={false}
        scroll={{ x: LEAST_WIDTH_PX, y: HEIGHT_PX }}
      />
    </div>
  )
}

function useColumns(): TableColumnsType<ImportRow> {
  const t = useText(devicesText)
  const { language } = usePreferences()
  return [
    { title: t.line, dataIndex: 'line', key: 'line', width: 80 },
    { title: t.deviceName, key: 'deviceName', width: 180, render: (_, { deviceName }) => <bdi>{deviceName}</bdi> },
    {
      title: t.outcome,
      key: 'outcome',
      render: (_, row) => (
        <span className={`dot long ${row.outcome === 'created' ? 'dot-online' : 'dot-bad'}`}>
          {row.outcome === 'created' ? t.rowCreated : `${t.rowFailed}: ${rowProblem(row, language)}`}
        </span>
      ),
    },
  ]
}

/** Names and problems only: secrets of the file are not kept. */
function FailedDownload({ rows }: { rows: readonly ImportRow[] }) {
  const t = useText(devicesText)
  const { language } = usePreferences()
  const save = (): void => {
    const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`
    const csv = rows.map(row => [String(row.line), row.deviceName, rowProblem(row, language)].map(cell).join(','))
    const url = URL.createObjectURL(new Blob([['line,deviceName,problem', ...csv].join('\n')], { type: 'text/csv' }))
    const link = document.createElement('a')
    link.href = url
    link.download = 'failed.csv'
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <Button size="small" onClick={save}>
      {t.downloadFailed}
    </Button>
  )
}
