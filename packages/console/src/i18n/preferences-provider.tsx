import { type ReactNode, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Language } from './bilingual.ts'
import { keepChoice, preferredLanguage, preferredTheme, readChoice } from './browser-preferences.ts'
import { type Preferences, PreferencesContext, type Theme } from './preferences.ts'

const DARK = '(prefers-color-scheme: dark)'

const subscribeToSystem = (changed: () => void): (() => void) => {
  const query = matchMedia(DARK)
  query.addEventListener('change', changed)
  return () => query.removeEventListener('change', changed)
}

export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(() =>
    preferredLanguage(readChoice('language'), navigator.languages),
  )
  const [theme, setTheme] = useState<Theme>(() => preferredTheme(readChoice('theme')))
  const systemIsDark = useSyncExternalStore(subscribeToSystem, () => matchMedia(DARK).matches)
  const isDark = theme === 'system' ? systemIsDark : theme === 'dark'
  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  }, [language])
  useEffect(() => {
    document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light'
  }, [isDark])
  const preferences = useMemo<Preferences>(
    () => ({
      language,
      setLanguage: next => {
        keepChoice('language', next)
        setLanguage(next)
      },
      theme,
      setTheme: next => {
        keepChoice('theme', next)
        setTheme(next)
      },
      isDark,
    }),
    [language, theme, isDark],
  )
  return <PreferencesContext value={preferences}>{children}</PreferencesContext>
}
