import { isReasonCode, reason } from '@hatchway/protocol/reasons'
import { Link } from 'wouter'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { Nothing, Section } from '../parts/page.tsx'
import { figure } from '../parts/time-text.ts'
import { useHistory } from './rates.tsx'
import { overviewText } from './text.ts'

const SHOWN = 8

/** Why devices were refused, most often first; each leads to its entries. */
export function RefusalsByReason() {
  const t = useText(overviewText)
  const { language } = usePreferences()
  const { data } = useHistory()
  const rows = Object.entries(data?.refusalsByReason ?? {})
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
  const most = rows[0]?.[1] ?? 1
  return (
    <Section title={t.byReason}>
      {rows.length === 0 ? (
        <Nothing title={t.noRefusals}>
          <p>{t.noRefusalsFix}</p>
        </Nothing>
      ) : (
        <ul className="bars">
          {rows.map(([code, count]) => (
            <li key={code}>
              <Link href={`/journal?${new URLSearchParams({ outcome: 'refused', reason: code })}`}>
                <span className="bar-label">
                  <span>{isReasonCode(code) ? reason(code)[language] : code}</span>
                  <span>{figure(count, language)}</span>
                </span>
                <meter min={0} max={most} value={count} aria-label={code} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
