import { describe, expect, it } from 'vitest'
import type { Bilingual, Phrase, Phrases } from './bilingual.ts'

const modules = import.meta.glob<Record<string, Bilingual<Phrases>>>('../*/text.ts', { eager: true })
const texts = Object.entries(modules).flatMap(([file, module]) =>
  Object.values(module).map(text => [file, text] as const),
)

/** A phrase with stand-ins for what it names; figures and flags among them take any text. */
const shown = (phrase: Phrase): string =>
  typeof phrase === 'string' ? phrase : (phrase as (...values: string[]) => string)('X1', 'X2', 'X3')

const CHINESE = /\p{Script=Han}/u
/** What is the same in both languages. */
const NAMES = new Set(['MQTT', 'TLS', 'QoS', 'Topic', 'ClientID'])

it('there are texts to check', () => {
  expect(texts.length).toBeGreaterThan(10)
})

describe.each(texts)('%s', (_file, { en, zh }) => {
  it('has the same keys in both languages', () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en))
  })

  it.each(Object.entries(en))('%s is English there and Chinese here', (key, phrase) => {
    const english = shown(phrase)
    const chinese = shown(zh[key] ?? '')
    expect(english.trim()).not.toBe('')
    expect(english).not.toMatch(CHINESE)
    if (!NAMES.has(chinese) && /\p{L}{2}/u.test(chinese.replaceAll(/X\d/g, ''))) expect(chinese).toMatch(CHINESE)
  })

  it.each(Object.entries(en))('%s names the same things in both languages', (key, phrase) => {
    const placeholders = (text: string): string[] => (text.match(/X\d/g) ?? []).sort()
    expect(placeholders(shown(zh[key] ?? ''))).toEqual(placeholders(shown(phrase)))
  })
})
