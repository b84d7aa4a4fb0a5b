import type { JournalEntry, Schemas } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { CodeBlock, CopyButton } from '../parts/copy-button.tsx'
import { Facts } from '../parts/page.tsx'
import { Time } from '../parts/time.tsx'
import { entryText, factsOf } from './entry-text.ts'
import { journalText } from './text.ts'

/** The whole explanation of one entry. */
export function EntryDetails({ entry }: { entry: JournalEntry }) {
  const t = useText(journalText)
  const { language } = usePreferences()
  return (
    <div className="stack">
      <div className="row">
        <Outcome outcome={entry.outcome} />
        <code>{entry.reason}</code>
        <Time at={entry.time} />
        <CopyButton text={entryText(entry, language)} what={t.entry(entry.id)} label={t.copyText} />
      </div>
      <div>
        <p>
          <strong>{entry.sentence[language]}</strong>
        </p>
        <p>{entry.fix[language]}</p>
      </div>
      <Mistakes mistakes={entry.mistakes} reason={entry.reason} />
      <SignedText text={entry.signedText} method={entry.signMethod} mode={entry.mode} />
      <div>
        <h3>{t.came}</h3>
        <Facts items={factsOf(entry, language).map(([label, value]) => [label, <bdi key={label}>{value}</bdi>])} />
      </div>
    </div>
  )
}

export function Outcome({ outcome }: { outcome: JournalEntry['outcome'] }) {
  const t = useText(journalText)
  return <span className={`dot dot-${outcome}`}>{t[outcome]}</span>
}

/** Common mistakes that would explain the signature, most likely first, and their fixes. */
export function Mistakes({ mistakes, reason }: { mistakes: readonly Schemas['Mistake'][]; reason: string }) {
  const t = useText(journalText)
  const { language } = usePreferences()
  if (mistakes.length === 0) return reason === 'signature-mismatch' ? <p>{t.noMistake}</p> : null
  return (
    <div className="stack-tight">
      <h3>{t.mistakes}</h3>
      {mistakes.map(({ code, sentence, fix }) => (
        <div key={code} className="mistake">
          <p>
            <strong>{sentence[language]}</strong>
          </p>
          <p>
            {t.mistakeFix} {fix[language]}
          </p>
        </div>
      ))}
    </div>
  )
}

interface SignedTextProps {
  text: string | null
  method: string | null
  mode: string | null
}

export function SignedText({ text, method, mode }: SignedTextProps) {
  const t = useText(journalText)
  if (text === null) return null
  return (
    <div className="stack-tight wrapped">
      <h3>{t.signedText}</h3>
      <CodeBlock code={text} what={t.signedText} />
      <p className="quiet">{t.signedHelp(method ?? '', mode === 'secret' ? 'DeviceSecret' : 'ProductSecret')}</p>
    </div>
  )
}
