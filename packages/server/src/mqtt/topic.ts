const longestTopicBytes = 0xffff

/** Whether a message can be published to it: not empty, no wildcards, no U+0000. [MQTT-4.7.1-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2] */
export function isTopicName(topic: string): boolean {
  return isTopic(topic) && !hasWildcard(topic)
}

export function hasWildcard(topic: string): boolean {
  return topic.includes('+') || topic.includes('#')
}

/**
 * Whether it can be subscribed to: `+` fills a whole level, `#` the last one. `$share/{group}/{filter}` counts as
 * levels like any other here; its own rules are the broker's. [MQTT-4.7.1-1] [MQTT-4.7.1-2]
 */
export function isTopicFilter(filter: string): boolean {
  if (!isTopic(filter)) return false
  const levels = filter.split('/')
  return levels.every((level, index) => {
    if (level === '+') return true
    if (level === '#') return index === levels.length - 1
    return !hasWildcard(level)
  })
}

function isTopic(topic: string): boolean {
  return topic !== '' && !topic.includes('\0') && Buffer.byteLength(topic) <= longestTopicBytes
}
