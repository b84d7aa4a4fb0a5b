import { usageError } from '../io.ts'

/** What stands for a placeholder. */
export interface MessageValues {
  productKey: string
  deviceName: string
  /** Number of the message, from 1 in each run of a device. */
  count: number
  /** Milliseconds since 1970. */
  time: number
  /** 0 to 99. */
  random: number
}

export const PLACEHOLDERS = '{productKey} {deviceName} {count} {time} {random}'

const KNOWN = /\{(productKey|deviceName|count|time|random)\}/g
/** A word in braces; the braces of JSON hold quotes, colons or nothing. */
const WORD = /\{([A-Za-z_]+)\}/g

/** A text with placeholders; everything else in it stays as it is. A usage error if it has one that nobody knows. */
export function messageTemplate(flag: string, text: string): (values: MessageValues) => string {
  for (const [placeholder] of text.matchAll(WORD)) {
    if (!placeholder.match(KNOWN)) {
      throw usageError(`${flag}: ${placeholder} stands for nothing. The placeholders are ${PLACEHOLDERS}.`)
    }
  }
  return values => text.replace(KNOWN, (_, name: keyof MessageValues) => String(values[name]))
}
