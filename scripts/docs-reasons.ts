import { MISTAKES, REASONS, type Reason } from '../packages/protocol/src/index.ts'
import { CONNECTION_REASONS } from '../packages/protocol/src/reasons/connection.ts'
import { HTTP_REASONS } from '../packages/protocol/src/reasons/http.ts'
import { MALFORMED_REASONS } from '../packages/protocol/src/reasons/malformed.ts'
import { REFUSED_REASONS } from '../packages/protocol/src/reasons/refused.ts'
import { SUB_DEVICE_REASONS } from '../packages/protocol/src/reasons/sub-devices.ts'
import { TRANSPORT_REASONS } from '../packages/protocol/src/reasons/transport.ts'
import { UNAVAILABLE_REASONS } from '../packages/protocol/src/reasons/unavailable.ts'
import { UPSTREAM_REASONS } from '../packages/protocol/src/reasons/upstream.ts'
import { code } from './docs-markers.ts'

export type Language = 'en' | 'zh'

interface Group {
  title: Readonly<Record<Language, string>>
  reasons: Readonly<Record<string, Reason>>
}

const GROUPS: readonly Group[] = [
  { title: { en: 'Not verified: CONNACK 4', zh: '验证未通过：CONNACK 4' }, reasons: REFUSED_REASONS },
  {
    title: { en: 'Not understood, or without TLS: CONNACK 2', zh: '参数错误或未使用 TLS：CONNACK 2' },
    reasons: MALFORMED_REASONS,
  },
  { title: { en: 'Later: CONNACK 3', zh: '稍后重试：CONNACK 3' }, reasons: UNAVAILABLE_REASONS },
  { title: { en: 'The MQTT cluster behind a relay', zh: '中继后面的 MQTT 集群' }, reasons: UPSTREAM_REASONS },
  {
    title: { en: 'Successes, and before a CONNECT was read', zh: '成功，以及读到 CONNECT 之前的问题' },
    reasons: TRANSPORT_REASONS,
  },
  { title: { en: 'On a connection that is up', zh: '连接建立之后' }, reasons: CONNECTION_REASONS },
  { title: { en: 'Sub-devices of a gateway', zh: '网关的子设备' }, reasons: SUB_DEVICE_REASONS },
  { title: { en: 'HTTP API only', zh: '仅用于 HTTP API' }, reasons: HTTP_REASONS },
]

const WORDS = {
  en: { none: 'none', fix: 'Fix', retry: ['no', 'yes'], retryTitle: 'retry' },
  zh: { none: '无', fix: '处理办法', retry: ['否', '是'], retryTitle: '可重试' },
} as const

const hex = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`

function entry(name: string, reason: Reason, language: Language): string {
  const words = WORDS[language]
  const codes = [
    `CONNACK ${reason.connack ?? words.none}`,
    `MQTT 5 ${hex(reason.mqtt5)}`,
    `HTTP ${reason.http}`,
    `${words.retryTitle}: ${words.retry[reason.retryable ? 1 : 0]}`,
  ]
  const [sentence, fix] = language === 'en' ? [reason.en, reason.fixEn] : [reason.zh, reason.fixZh]
  return `### ${code(name)}\n\n${codes.join(' · ')}\n\n${escaped(sentence)}\n\n${words.fix}${language === 'en' ? ': ' : '：'}${escaped(fix)}`
}

// Placeholders such as <deviceName> would be taken for HTML.
const escaped = (text: string): string => text.replaceAll('<', '&lt;')

export function reasonSections(language: Language): string {
  const listed = GROUPS.flatMap(({ reasons }) => Object.keys(reasons))
  const missing = Object.keys(REASONS).filter(name => !listed.includes(name))
  if (missing.length > 0) throw new Error(`scripts/docs-reasons.ts: no group has ${missing.join(', ')}`)
  return GROUPS.map(({ title, reasons }) => {
    const entries = Object.entries(reasons).map(([name, reason]) => entry(name, reason, language))
    return [`## ${title[language]}`, ...entries].join('\n\n')
  }).join('\n\n')
}

export function mistakeList(language: Language): string {
  return Object.entries(MISTAKES)
    .map(([name, { en, zh, fixEn, fixZh }]) => {
      const [sentence, fix] = language === 'en' ? [en, fixEn] : [zh, fixZh]
      return `- ${code(name)}: ${escaped(sentence)} ${escaped(fix)}`
    })
    .join('\n')
}
