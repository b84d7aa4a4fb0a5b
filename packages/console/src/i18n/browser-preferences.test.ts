import { expect, it } from 'vitest'
import { preferredLanguage, preferredTheme } from './browser-preferences.ts'

it.each([
  { stored: null, wanted: ['zh-CN', 'en'], language: 'zh' },
  { stored: null, wanted: ['en-GB', 'zh'], language: 'en' },
  { stored: null, wanted: ['de', 'ZH-Hant'], language: 'zh' },
  { stored: null, wanted: ['de'], language: 'en' },
  { stored: 'en', wanted: ['zh-CN'], language: 'en' },
  { stored: 'tlh', wanted: ['zh-CN'], language: 'zh' },
] as const)('the switch to $stored and a browser that wants $wanted give $language', ({ stored, wanted, language }) => {
  expect(preferredLanguage(stored, wanted)).toBe(language)
})

it('an unknown appearance is that of the system', () => {
  expect([null, 'dark', 'pink'].map(preferredTheme)).toEqual(['system', 'dark', 'system'])
})
