import type { JournalEntry } from '../api/types.ts'
import type { Language } from '../i18n/bilingual.ts'
import { journalText } from './text.ts'

type Fact = readonly [label: string, value: string]

/** What came, as far as the server knows it. */
export function factsOf(entry: JournalEntry, language: Language): Fact[] {
  const t = journalText[language]
  const { keepAliveSeconds } = entry
  const tls = [entry.tlsVersion, entry.tlsCipher].filter(Boolean).join(', ')
  const facts: readonly (readonly [string, string | number | null])[] = [
    [t.product, entry.productKey],
    [t.device, entry.deviceName],
    [t.mode, entry.mode],
    [t.clientId, entry.clientId],
    [t.address, entry.address],
    [t.transport, entry.transport],
    [t.tls, tls === '' ? null : tls],
    [t.mqtt, entry.mqttVersion],
    [t.keepAlive, keepAliveSeconds === null ? null : t.seconds(keepAliveSeconds)],
    [t.connack, entry.connackCode],
    [t.field, entry.field],
    [t.problem, entry.problem],
    [t.topic, entry.topic],
    [t.firstBytes, entry.firstBytes],
    [t.broker, entry.broker],
    [t.gateway, entry.gateway],
    [t.count, entry.count > 1 ? entry.count : null],
  ]
  return facts.flatMap(([label, value]) => (value === null ? [] : [[label, String(value)] as const]))
}

/** The whole entry for a message or a ticket. */
export function entryText(entry: JournalEntry, language: Language): string {
  const t = journalText[language]
  const mistakes = entry.mistakes.flatMap(({ sentence, fix }) => [
    `${t.mistakes}: ${sentence[language]}`,
    `${t.mistakeFix} ${fix[language]}`,
  ])
  return [
    `${entry.time}  ${t[entry.outcome]}: ${entry.reason}`,
    entry.sentence[language],
    `${t.fix}: ${entry.fix[language]}`,
    ...mistakes,
    ...(entry.signedText === null ? [] : [`${t.signedText} (${entry.signMethod}): ${entry.signedText}`]),
    ...factsOf(entry, language).map(([label, value]) => `${label}: ${value}`),
  ].join('\n')
}
