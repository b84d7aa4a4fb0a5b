export const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]

/** A sentence, or what makes one out of names and figures. */
export type Phrase = string | ((...values: never[]) => string)
export type Phrases = Readonly<Record<string, Phrase>>
export type Bilingual<Text extends Phrases> = Readonly<Record<Language, Text>>

/** The texts of one page, in both languages: the types see to it that neither has a key that the other lacks. */
export const bilingual = <Text extends Phrases>(en: Text, zh: NoInfer<Text>): Bilingual<Text> => ({ en, zh })
