import { createContext, use } from 'react'
import type { Bilingual, Language, Phrases } from './bilingual.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export interface Preferences {
  language: Language
  setLanguage: (language: Language) => void
  theme: Theme
  setTheme: (theme: Theme) => void
  isDark: boolean
}

export const PreferencesContext = createContext<Preferences | null>(null)

export function usePreferences(): Preferences {
  const preferences = use(PreferencesContext)
  if (preferences === null) throw new Error('usePreferences needs a PreferencesProvider above it')
  return preferences
}

/** The texts in the language that is shown. */
export const useText = <Text extends Phrases>(text: Bilingual<Text>): Text => text[usePreferences().language]
