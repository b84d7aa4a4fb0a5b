import { App } from 'antd'
import { usePreferences } from '../i18n/preferences.ts'
import { errorText } from './error-text.ts'

/** Short notices at the top of the page: what was done, or why it was not. */
export function useNotices() {
  const { message, notification } = App.useApp()
  const { language } = usePreferences()
  return {
    done: (text: string): void => {
      void message.success(text)
    },
    failed: (error: unknown): void => {
      const { title, fix, detail } = errorText(error, language)
      notification.error({ title, description: [detail, fix].filter(Boolean).join(' '), role: 'alert' })
    },
  }
}
