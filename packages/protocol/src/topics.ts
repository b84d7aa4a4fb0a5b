const SLASH = 0x2f
const PLUS = 0x2b
const HASH = 0x23
const DOLLAR = 0x24
const SHARE = '$share/'

/** MQTT's own limit on a topic, UTF-8. */
export const MAX_TOPIC_BYTES = 65_535

/** UTF-8 size of a text; a lone surrogate counts 3, as its replacement character does. */
export const utf8SizeBytes = (text: string): number => {
  let sizeBytes = text.length
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x80) continue
    sizeBytes += code < 0x800 ? 1 : 2
    // A surrogate pair is 2 units and 4 bytes: nothing to add for its second half.
    if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) at++
  }
  return sizeBytes
}

// No UTF-16 unit takes more than 3 bytes, so short texts need no counting.
const isTopicText = (text: string): boolean =>
  !text.includes('\0') && (text.length * 3 <= MAX_TOPIC_BYTES || utf8SizeBytes(text) <= MAX_TOPIC_BYTES)

/** Whether the text may name a topic: not empty, at most 65,535 bytes, no wildcard, no U+0000. [MQTT-4.7.3-1] */
export const isTopicName = (text: string): boolean =>
  text !== '' && !text.includes('+') && !text.includes('#') && isTopicText(text)

/** Whether the text is a well-formed topic filter; of `$share/{group}/{filter}` both parts are checked. */
export const isTopicFilter = (text: string): boolean => {
  if (text === '' || !isTopicText(text)) return false
  if (!text.startsWith(SHARE)) return hasWildcardsInPlace(text)
  const shared = parseSharedFilter(text)
  return shared !== undefined && hasWildcardsInPlace(shared.filter)
}

// + fills a whole level [MQTT-4.7.1-2], # is the whole last level [MQTT-4.7.1-1].
const hasWildcardsInPlace = (filter: string): boolean => {
  const hash = filter.indexOf('#')
  if (hash !== -1 && (hash !== filter.length - 1 || !startsLevel(filter, hash))) return false
  for (let plus = filter.indexOf('+'); plus !== -1; plus = filter.indexOf('+', plus + 1)) {
    if (!startsLevel(filter, plus)) return false
    if (plus < filter.length - 1 && filter.charCodeAt(plus + 1) !== SLASH) return false
  }
  return true
}

const startsLevel = (text: string, at: number): boolean => at === 0 || text.charCodeAt(at - 1) === SLASH

/** Group and inner filter of `$share/{group}/{filter}`; undefined for any other text and for an empty or wild group. */
export const parseSharedFilter = (text: string): { group: string; filter: string } | undefined => {
  if (!text.startsWith(SHARE)) return undefined
  const end = text.indexOf('/', SHARE.length)
  if (end === -1 || end === SHARE.length || end === text.length - 1) return undefined
  const group = text.slice(SHARE.length, end)
  if (group.includes('+') || group.includes('#')) return undefined // [MQTT-4.8.2-2]
  return { group, filter: text.slice(end + 1) }
}

/** Whether a well-formed filter (without `$share`) matches a topic name. */
export const topicMatches = (filter: string, topic: string): boolean => {
  const first = filter.charCodeAt(0)
  if ((first === PLUS || first === HASH) && topic.charCodeAt(0) === DOLLAR) return false // [MQTT-4.7.2-1]
  let at = 0
  for (let f = 0; f < filter.length; f++) {
    const code = filter.charCodeAt(f)
    if (code === HASH) return true
    if (code === PLUS) {
      while (at < topic.length && topic.charCodeAt(at) !== SLASH) at++
      continue
    }
    if (at === topic.length) return code === SLASH && f === filter.length - 2 && filter.charCodeAt(f + 1) === HASH
    if (code !== topic.charCodeAt(at)) return false
    at++
  }
  return at === topic.length
}
