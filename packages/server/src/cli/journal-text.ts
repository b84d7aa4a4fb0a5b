import type { JournalEntry } from './api-types.ts'
import { hanging, printable } from './printable.ts'
import { type Column, table } from './table.ts'
import { localTime } from './times.ts'

const COLUMNS: readonly Column<JournalEntry>[] = [
  { title: 'TIME', value: ({ time }) => localTime(time).slice(5), keep: true },
  { title: 'OUTCOME', value: ({ outcome }) => outcome, keep: true },
  { title: 'REASON', value: ({ reason, count }) => (count > 1 ? `${reason} x${count}` : reason), keep: true },
  { title: 'PRODUCT/DEVICE', value: who },
]
const WIDE_COLUMNS: readonly Column<JournalEntry>[] = [
  ...COLUMNS,
  { title: 'FROM', value: ({ address, transport }) => `${address} ${transport}` },
]
const WIDE_FROM_COLUMNS = 110

export function journalTable(entries: readonly JournalEntry[], columns: number): string {
  return table(entries, columns >= WIDE_FROM_COLUMNS ? WIDE_COLUMNS : COLUMNS, columns)
}

/** One entry with all that helps to mend it, in a few lines. */
export function journalDetails(entry: JournalEntry, columns: number): string {
  const { connackCode, reason, sentence, fix, signedText, signMethod, problem, field, count } = entry
  const code = connackCode === null ? '' : ` (CONNACK ${connackCode})`
  const times = count > 1 ? ` ${count} times,` : ''
  const lines = [
    `${localTime(entry.time)}  ${entry.outcome}  ${printable(who(entry))}`,
    ...hanging(`  ${reason}${code}:${times} `, sentence.en, columns),
  ]
  if (problem !== null) lines.push(...hanging('  Found: ', field === null ? problem : `${field} ${problem}`, columns))
  if (signedText !== null) lines.push(...hanging(`  The server signs (${signMethod}): `, signedText, columns))
  for (const mistake of entry.mistakes) {
    lines.push(...hanging('  Likely: ', `${mistake.sentence.en} ${mistake.fix.en}`, columns))
  }
  if (entry.topic !== null) lines.push(...hanging('  Topic: ', entry.topic, columns))
  if (entry.firstBytes !== null) lines.push(...hanging('  First bytes: ', entry.firstBytes, columns))
  if (entry.outcome !== 'registered') lines.push(...hanging('  Fix: ', fix.en, columns))
  lines.push(...hanging('  From ', peer(entry), columns))
  return `${lines.join('\n')}\n`
}

function who({ productKey, deviceName }: JournalEntry): string {
  if (productKey === null && deviceName === null) return '-'
  return `${productKey ?? '?'}/${deviceName ?? '?'}`
}

function peer({ address, transport, tlsVersion, mqttVersion, mode, broker, gateway }: JournalEntry): string {
  const parts = [`${address} over ${transport}${tlsVersion === null ? '' : ` (${tlsVersion})`}`]
  if (typeof broker === 'string') parts.push(`at ${broker}`) // older servers say nothing of it
  if (typeof gateway === 'string') parts.push(`by the gateway ${gateway}`)
  if (mqttVersion !== null) parts.push(`MQTT ${mqttVersion}`)
  if (mode !== null) parts.push(`mode ${mode}`)
  return parts.join(', ')
}
