import { SearchOutlined } from '@ant-design/icons'
import { Button, Input, Select } from 'antd'
import { useText } from '../i18n/preferences.ts'
import { STATUSES, useStatusLabel } from '../parts/device-status.tsx'
import { partsText } from '../parts/text.ts'
import { useDebounced } from '../parts/use-debounced.ts'
import { type DeviceFilters, NO_FILTERS, PERIODS } from './filters.ts'
import { ProductSelect } from './product-select.tsx'
import { devicesText } from './text.ts'

interface FilterBarProps {
  filters: DeviceFilters
  onChange: (filters: DeviceFilters) => void
}

export function DeviceFilterBar({ filters, onChange }: FilterBarProps) {
  const t = useText(devicesText)
  const parts = useText(partsText)
  const statusLabel = useStatusLabel()
  const set = (change: Partial<DeviceFilters>): void => onChange({ ...filters, ...change })
  const [search, setSearch] = useDebounced(filters.search ?? '', text => set({ search: text.trim() || undefined }))
  return (
    <search className="row section">
      <Input
        className="grow"
        prefix={<SearchOutlined />}
        aria-label={t.search}
        placeholder={t.search}
        allowClear
        maxLength={32}
        spellCheck={false}
        value={search}
        onChange={event => setSearch(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') setSearch('')
        }}
      />
      <ProductSelect allowClear value={filters.product} onChange={product => set({ product })} />
      <Select
        className="grow"
        aria-label={t.status}
        placeholder={`${t.status}: ${parts.any}`}
        allowClear
        value={filters.status ?? null}
        options={STATUSES.map(value => ({ value, label: statusLabel(value) }))}
        onChange={status => set({ status: status ?? undefined })}
      />
      <Select
        className="grow"
        aria-label={t.created}
        placeholder={`${t.created}: ${parts.any}`}
        allowClear
        value={filters.created ?? null}
        options={PERIODS.map(value => ({ value, label: t[value] }))}
        onChange={created => set({ created: created ?? undefined })}
      />
      <Button
        disabled={Object.values(filters).every(value => value === undefined)}
        onClick={() => onChange(NO_FILTERS)}
      >
        {t.clearFilters}
      </Button>
    </search>
  )
}
