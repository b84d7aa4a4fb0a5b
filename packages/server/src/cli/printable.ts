import stringWidth from 'string-width'

// C0, DEL, C1; line and paragraph separators; marks that reorder or hide text; lone surrogates.
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|\p{Cs}/gu

/**
 * Text from outside (names, topics, payloads) made safe for a terminal: what could move the cursor, colour the screen or
 * reorder the line is shown as `\n`, `\t`, `\x1b` or `\u202e`.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, escaped)
}

function escaped(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  const code = character.charCodeAt(0)
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** JSON for a pipe or a terminal: as JSON.stringify, with what a terminal would act on as `\u` escapes. */
export function safeJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, null, indent)
  // JSON.stringify escapes C0 itself; line feeds in its result are its own indentation.
  return json.replace(UNSAFE, character =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Columns that a text takes on a terminal: wide characters (Chinese, emoji) count two. */
export const widthOf = (text: string): number => stringWidth(text)

/** At most `maxWidth` columns; a cut is marked with `…`. Never cuts a character in two. */
export function fit(text: string, maxWidth: number): string {
  if (widthOf(text) <= maxWidth) return text
  let kept = ''
  let width = 0
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)) {
    width += widthOf(segment)
    if (width > maxWidth - 1) break
    kept += segment
  }
  return `${kept}…`
}

/** Fills up with spaces to `width` columns. */
export const padTo = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))

/** Breaks a sentence at spaces into lines of at most `width` columns; a longer word stands alone, uncut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  lines.push(line)
  return lines
}

/** A label and a text from outside, broken into lines of at most `columns`; the further ones are indented by four more. */
export function hanging(label: string, text: string, columns: number): string[] {
  const indent = ' '.repeat(label.length - label.trimStart().length + 4)
  const [first = '', ...rest] = wrap(`${label.trimStart()}${printable(text)}`, columns - indent.length)
  return [label.slice(0, indent.length - 4) + first, ...rest.map(line => indent + line)]
}
