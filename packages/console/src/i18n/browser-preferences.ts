import { LANGUAGES, type Language } from './bilingual.ts'
import { THEMES, type Theme } from './preferences.ts'

/** What is kept of the user's choices, on this browser only. */
const KEYS = { language: 'hatchway-language', theme: 'hatchway-theme' } as const

/** The language that was switched to; else the first one of the browser's that the console has. */
export function preferredLanguage(stored: string | null, wanted: readonly string[]): Language {
  const choices = [stored ?? '', ...wanted].map(tag => tag.toLowerCase().split('-')[0])
  return (
    LANGUAGES.find(language => language === choices.find(choice => LANGUAGES.some(known => known === choice))) ?? 'en'
  )
}

export const preferredTheme = (stored: string | null): Theme => THEMES.find(theme => theme === stored) ?? 'system'

/** Storage can be switched off in the browser; then a choice lasts as long as the page. */
export function readChoice(name: keyof typeof KEYS): string | null {
  try {
    return localStorage.getItem(KEYS[name])
  } catch {
    return null
  }
}

export function keepChoice(name: keyof typeof KEYS, value: string): void {
  try {
    localStorage.setItem(KEYS[name], value)
  } catch {
    // See readChoice.
  }
}
