import { isMistakeCode, MISTAKES, reason } from '@hatchway/protocol'
import { Type } from 'typebox'
import type { JournalEntry } from '../registry/types.ts'
import { count, iso, nullable, oneOf, ref, text, time } from './schemas.ts'

export const OUTCOMES = ['registered', 'admitted', 'refused', 'closed', 'dropped'] as const

export const Sentence = Type.Object(
  { en: text('English'), zh: text('Chinese') },
  { $id: 'Sentence', description: 'One sentence in both languages of the console' },
)

export const MistakeReply = Type.Object(
  { code: text('Which mistake'), sentence: ref(Sentence), fix: ref(Sentence) },
  { $id: 'Mistake', description: 'A common mistake that would explain the signature that was sent' },
)

export const JournalEntryReply = Type.Object(
  {
    id: count('Rises with time; never reused'),
    time: time('When it happened'),
    outcome: oneOf(OUTCOMES, 'What became of it'),
    reason: text('Reason code, out of one closed list'),
    sentence: ref(Sentence),
    fix: ref(Sentence),
    productKey: nullable.text('ProductKey, where one was given'),
    deviceName: nullable.text('DeviceName, where one was given'),
    mode: nullable.text('register, regnwl, secret, token or application'),
    address: text('Peer address, without port'),
    transport: text('tls, tcp, ws, wss, https or http'),
    tlsVersion: nullable.text('TLSv1.2 or TLSv1.3'),
    tlsCipher: nullable.text('OpenSSL’s name of the cipher suite'),
    mqttVersion: nullable.text('3.1, 3.1.1 or 5.0'),
    connackCode: nullable.integer('CONNACK code that the device got; null if none was sent'),
    signedText: nullable.text('For a signature mismatch: the text that the server signed'),
    signMethod: nullable.text('For a signature mismatch: hmacmd5, hmacsha1 or hmacsha256'),
    mistakes: Type.Array(ref(MistakeReply), { description: 'Most likely first' }),
    field: nullable.text('Which field was at fault'),
    problem: nullable.text('What was wrong with it'),
    firstBytes: nullable.text('First bytes of something that was not MQTT, hexadecimal'),
    topic: nullable.text('Topic that was refused'),
    clientId: nullable.text('ClientID that was used'),
    keepAliveSeconds: nullable.integer('Keep Alive that was asked for'),
    broker: nullable.text('Other MQTT broker that asked on behalf of its client'),
    gateway: nullable.text('Device that asked on behalf of this one, as ProductKey/DeviceName'),
    count: count('How many alike entries this one stands for'),
  },
  {
    $id: 'JournalEntry',
    description:
      'A CONNECT that was refused, a registration that succeeded, traffic that was dropped, or a login while the store was away',
  },
)
export type JournalEntryReply = Type.Static<typeof JournalEntryReply>

const nullFields = {
  signedText: null,
  signMethod: null,
  field: null,
  problem: null,
  firstBytes: null,
  topic: null,
  clientId: null,
  keepAliveSeconds: null,
  broker: null,
  gateway: null,
  count: 1,
}

/** An entry with its codes spelled out, as the API and the event stream show it. */
export function journalEntryReply(entry: JournalEntry): JournalEntryReply {
  const { time, detail, ...rest } = entry
  const { en, zh, fixEn, fixZh } = reason(entry.reason)
  return {
    ...rest,
    time: iso(time),
    sentence: { en, zh },
    fix: { en: fixEn, zh: fixZh },
    ...nullFields,
    ...detail,
    mistakes: (detail?.mistakes ?? []).filter(isMistakeCode).map(mistakeReply),
  }
}

function mistakeReply(code: keyof typeof MISTAKES): Type.Static<typeof MistakeReply> {
  const { en, zh, fixEn, fixZh } = MISTAKES[code]
  return { code, sentence: { en, zh }, fix: { en: fixEn, zh: fixZh } }
}
