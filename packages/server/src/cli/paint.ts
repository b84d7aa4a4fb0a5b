/** Colours for a terminal; the texts as they are elsewhere. */
export interface Paint {
  bold: (text: string) => string
  dim: (text: string) => string
  good: (text: string) => string
  bad: (text: string) => string
}

const code = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`
const plain = (text: string): string => text

export function paintFor({
  isTerminal,
  env,
}: {
  isTerminal: boolean
  env: Readonly<Record<string, string | undefined>>
}): Paint {
  // https://no-color.org: any value that is not empty.
  const isColoured = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  if (!isColoured) return { bold: plain, dim: plain, good: plain, bad: plain }
  return { bold: code(1, 22), dim: code(2, 22), good: code(32, 39), bad: code(31, 39) }
}
