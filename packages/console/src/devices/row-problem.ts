import { isReasonCode, reason } from '@hatchway/protocol/reasons'
import type { ImportRow } from '../api/types.ts'
import type { Language } from '../i18n/bilingual.ts'

/** Why a line failed: the server's own words where they say more than the reason, which is there in both languages. */
export function rowProblem(
  { reason: code, problem = '' }: Pick<ImportRow, 'reason' | 'problem'>,
  language: Language,
): string {
  if (language === 'en' || code === undefined || !isReasonCode(code)) return problem
  const { en, zh } = reason(code)
  return problem === en ? zh : `${zh} ${problem}`
}
