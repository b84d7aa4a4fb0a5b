import { isReasonCode, reason } from '@hatchway/protocol/reasons'
import { ApiProblem, Unreachable } from '../api/problem.ts'
import type { Language } from '../i18n/bilingual.ts'
import { partsText } from './text.ts'

export interface ErrorText {
  /** What happened. */
  title: string
  /** What to do about it. */
  fix: string
  /** What the server says about this very request, where that is more than the title. */
  detail?: string
}

/** What an error means to the user, in the user's language. The server's own detail is English and stands beside it. */
export function errorText(error: unknown, language: Language): ErrorText {
  const t = partsText[language]
  if (error instanceof Unreachable) return { title: t.unreachable, fix: t.unreachableFix }
  if (!(error instanceof ApiProblem)) {
    return { title: t.unexpected, fix: `${t.unexpectedFix} ${error instanceof Error ? error.message : String(error)}` }
  }
  if (language === 'en' || !isReasonCode(error.code)) return { title: error.message, fix: error.fix }
  const { en, zh, fixZh } = reason(error.code)
  return { title: zh, fix: fixZh, ...(error.message === en ? {} : { detail: error.message }) }
}
