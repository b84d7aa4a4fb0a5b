import { isReasonCode, REASON_CODES, reason } from '@hatchway/protocol/reasons'
import { Button, Input, Select } from 'antd'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { partsText } from '../parts/text.ts'
import { useDebounced } from '../parts/use-debounced.ts'
import { type JournalFilters, OUTCOMES } from './filters.ts'
import { journalText } from './text.ts'

const NONE: JournalFilters = {
  product: undefined,
  device: undefined,
  outcome: undefined,
  reason: undefined,
  since: undefined,
}
const PERIOD_LABELS = [
  ['hour', 'sinceHour'],
  ['day', 'sinceDay'],
  ['week', 'sinceWeek'],
] as const

interface FilterBarProps {
  filters: JournalFilters
  onChange: (filters: JournalFilters) => void
}

export function JournalFilterBar({ filters, onChange }: FilterBarProps) {
  const t = useText(journalText)
  const parts = useText(partsText)
  const { language } = usePreferences()
  const set = (change: Partial<JournalFilters>): void => onChange({ ...filters, ...change })
  const reasons = REASON_CODES.filter(isReasonCode).map(code => ({ value: code, label: reason(code)[language], code }))
  return (
    <search className="row section">
      <Select
        className="grow"
        aria-label={t.outcome}
        placeholder={`${t.outcome}: ${parts.any}`}
        allowClear
        value={filters.outcome ?? null}
        options={OUTCOMES.map(outcome => ({ value: outcome, label: t[outcome] }))}
        onChange={outcome => set({ outcome: outcome ?? undefined })}
      />
      <Select
        className="grow"
        aria-label={t.reason}
        placeholder={`${t.reason}: ${parts.any}`}
        allowClear
        showSearch={{ optionFilterProp: ['label', 'code'] }}
        popupMatchSelectWidth={320}
        value={filters.reason ?? null}
        options={reasons}
        onChange={code => set({ reason: code ?? undefined })}
      />
      <TextFilter label={t.product} value={filters.product} onChange={product => set({ product })} />
      <TextFilter label={t.device} value={filters.device} onChange={device => set({ device })} />
      <Select
        className="grow"
        aria-label={t.since}
        placeholder={`${t.since}: ${parts.any}`}
        allowClear
        value={filters.since ?? null}
        options={PERIOD_LABELS.map(([value, label]) => ({ value, label: t[label] }))}
        onChange={since => set({ since: since ?? undefined })}
      />
      <Button disabled={Object.values(filters).every(value => value === undefined)} onClick={() => onChange(NONE)}>
        {t.clearFilters}
      </Button>
    </search>
  )
}

interface TextFilterProps {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}

function TextFilter({ label, value, onChange }: TextFilterProps) {
  const [text, setText] = useDebounced(value ?? '', next => onChange(next.trim() || undefined))
  return (
    <Input
      className="grow"
      aria-label={label}
      placeholder={label}
      allowClear
      maxLength={64}
      spellCheck={false}
      value={text}
      onChange={event => setText(event.target.value)}
    />
  )
}
