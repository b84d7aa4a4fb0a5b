import { Table, type TableProps } from 'antd'

type WideTableProps<Row> = TableProps<Row> & {
  /** What the table shows, for screen readers. */
  label: string
}

/** A table without pages that scrolls sideways where it has no room, by keyboard too. */
export function WideTable<Row extends object>({ label, ...table }: WideTableProps<Row>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="wide" tabIndex={0} aria-label={label}>
      <Table<Row> pagination={false} {...table} />
    </section>
  )
}
