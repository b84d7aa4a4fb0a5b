import { usePreferences, useText } from '../i18n/preferences.ts'
import { partsText } from './text.ts'
import { localTime, utcTime } from './time-text.ts'

/** A moment in local time; UTC on hover. */
export function Time({ at }: { at: string | null }) {
  const t = useText(partsText)
  const { language } = usePreferences()
  if (at === null) return <span className="quiet">{t.never}</span>
  return (
    <time dateTime={at} title={utcTime(at)}>
      {localTime(at, language)}
    </time>
  )
}
