import type { Language } from '../i18n/bilingual.ts'

const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' }

/** In the zone of the browser: 23 Nov 2026, 08:15:04. */
export const localTime = (iso: string, language: Language): string =>
  new Date(iso).toLocaleString(LOCALES[language], { dateStyle: 'medium', timeStyle: 'medium' })

/** 2026-11-23 08:15:04.120 UTC */
export const utcTime = (iso: string): string => `${new Date(iso).toISOString().slice(0, -1).replace('T', ' ')} UTC`

/** Time of day for an axis; with seconds where the axis is short. */
export const clockTime = (timeMs: number, language: Language, withSeconds: boolean): string =>
  new Date(timeMs).toLocaleTimeString(LOCALES[language], {
    hour: '2-digit',
    minute: '2-digit',
    ...(withSeconds ? { second: '2-digit' } : {}),
  })

export const figure = (value: number, language: Language): string => value.toLocaleString(LOCALES[language])

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
const KIBI = 1024

/** 1536 -> 1.5 KiB */
export function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(KIBI))))
  const value = bytes / KIBI ** power
  return `${power === 0 ? value : value.toFixed(1).replace(/\.0$/, '')} ${UNITS[power]}`
}
