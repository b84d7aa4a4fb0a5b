// clientId = id [ "|" block "|" [ ignored ] ]
// block    = piece *( "," piece ), piece = key "=" value; it runs from the first "|" to the last

/** What a clientId consists of. Keys of `parameters` are lower case; keys and values are trimmed. */
export type ParsedClientId =
  | { readonly kind: 'plain'; readonly id: string }
  | { readonly kind: 'block' | 'not-closed'; readonly id: string; readonly parameters: ReadonlyMap<string, string> }

/** Pieces past this many are ignored; SDKs send at most a dozen. */
export const MAX_BLOCK_PIECES = 128

const parseBlock = (block: string): ReadonlyMap<string, string> => {
  const parameters = new Map<string, string>()
  let start = 0
  for (let count = 0; count < MAX_BLOCK_PIECES && start <= block.length; count++) {
    const comma = block.indexOf(',', start)
    const end = comma === -1 ? block.length : comma
    const equals = block.indexOf('=', start)
    if (equals !== -1 && equals < end) {
      const key = block.slice(start, equals).trim().toLowerCase()
      if (key !== '') parameters.set(key, block.slice(equals + 1, end).trim())
    }
    start = end + 1
  }
  return parameters
}

/**
 * Takes a clientId apart as fielded firmware needs it: parameters in any order, keys in any case, white space around
 * keys and values, empty pieces, pieces without `=` and unknown keys all pass. Two points are our decision:
 * - a key that comes twice: the last one counts, since SDKs append what their user overrides;
 * - text after the last `|` is ignored, so one `|` inside a value and a forgotten closing one can't be told apart.
 * A clientId with exactly one `|` is `not-closed`. The id is never trimmed: a login signs it as it is. Never throws.
 */
export const parseClientId = (text: string): ParsedClientId => {
  const first = text.indexOf('|')
  if (first === -1) return { kind: 'plain', id: text }
  const id = text.slice(0, first)
  const last = text.lastIndexOf('|')
  if (last === first) return { kind: 'not-closed', id, parameters: parseBlock(text.slice(first + 1)) }
  return { kind: 'block', id, parameters: parseBlock(text.slice(first + 1, last)) }
}

/** The clientId that carries these entries, in their order. Throws RangeError where it would not parse back. */
export const formatClientId = (id: string, entries: Iterable<readonly [key: string, value: string]>): string => {
  if (id.includes('|')) throw new RangeError('clientId: the id before the first | may not hold a |')
  const pieces: string[] = []
  for (const [key, value] of entries) {
    if (key === '' || key.includes('=') || key.includes(',') || key.includes('|')) {
      throw new RangeError('clientId: a parameter key may not be empty or hold = , or |')
    }
    if (value.includes(',') || value.includes('|')) throw new RangeError(`clientId: ${key} may not hold , or |`)
    pieces.push(`${key}=${value}`)
  }
  return `${id}|${pieces.join(',')}|`
}
