import { Alert } from 'antd'
import { useText } from '../i18n/preferences.ts'
import { useLiveState } from '../live/live.ts'
import { frameText } from './text.ts'

/** Says that the server is away, for as long as it is. */
export function ConnectionBanner() {
  const t = useText(frameText)
  if (useLiveState() !== 'broken') return null
  return <Alert banner className="banner" type="warning" role="status" title={t.broken} description={t.brokenFix} />
}
