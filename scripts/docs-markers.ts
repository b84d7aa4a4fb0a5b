/** A page that holds generated parts, and what stands in each. */
export interface Page {
  /** Path from the root of the repository. */
  file: string
  parts: Readonly<Record<string, string>>
}

const opening = (name: string): string => `<!-- generated: ${name} (npm run docs) -->`
const CLOSING = '<!-- end of generated -->'

/**
 * The page's text with its generated parts put between their markers.
 *
 * @throws Error if a part has no place in the text, or the text has a marker for no part
 */
export function withParts(text: string, { file, parts }: Page): string {
  let result = text
  for (const [name, content] of Object.entries(parts)) {
    const start = result.indexOf(opening(name))
    const end = result.indexOf(CLOSING, start)
    if (start === -1 || end === -1) throw new Error(`${file}: there is no place for the part ${name}; add its markers`)
    result = `${result.slice(0, start)}${opening(name)}\n\n${content.trim()}\n\n${result.slice(end)}`
  }
  const unknown = [...result.matchAll(/<!-- generated: (\S+)/g)].map(match => match[1] ?? '')
  for (const name of unknown) if (!(name in parts)) throw new Error(`${file}: nothing makes the part ${name}`)
  return result
}

/** A Markdown table; a | in a cell would end it. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n')
}

export const code = (text: string): string => `\`${text}\``
