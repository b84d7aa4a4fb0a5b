/** Characters that a text message has no use for: control characters but tab and line ends. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/
/** A payload that was cut may end inside a character. */
const MAX_CUT_BYTES = 3

export interface PayloadText {
  text: string
  isBinary: boolean
  shownBytes: number
}

/** A payload as it can be read: text where it is text, else base64. */
export function payloadText(base64: string): PayloadText {
  const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
  for (let cut = 0; cut <= Math.min(MAX_CUT_BYTES, bytes.length); cut++) {
    const text = decoded(bytes.subarray(0, bytes.length - cut))
    if (text !== undefined && !CONTROL.test(text)) return { text, isBinary: false, shownBytes: bytes.length }
  }
  return { text: base64, isBinary: true, shownBytes: bytes.length }
}

function decoded(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
