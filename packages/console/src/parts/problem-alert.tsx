import { Alert, Button } from 'antd'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { errorText } from './error-text.ts'
import { partsText } from './text.ts'

/** An error as the user should read it: what happened, what to do. */
export function ProblemAlert({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useText(partsText)
  const { language } = usePreferences()
  if (error === null || error === undefined) return null
  const { title, fix, detail } = errorText(error, language)
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      title={title}
      description={
        <>
          <p>{fix}</p>
          {detail === undefined ? null : <p lang="en">{detail}</p>}
        </>
      }
      action={onRetry === undefined ? undefined : <Button onClick={onRetry}>{t.retry}</Button>}
    />
  )
}
