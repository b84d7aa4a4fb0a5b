export interface ServerSentEvent {
  event: string
  /** Undefined where the event has none of its own. */
  id: string | undefined
  data: string
}

/** Largest event that is taken; a longer one ends the stream with an error. */
const MAX_EVENT_LENGTH = 1_048_576

/** The events of a `text/event-stream`, as they come. Comments (heartbeats) and incomplete last events are dropped. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  let waiting = ''
  for await (const chunk of body) {
    waiting += decoder.decode(chunk, { stream: true })
    for (;;) {
      const end = /\r?\n\r?\n/.exec(waiting)
      if (end === null) break
      const event = parseEvent(waiting.slice(0, end.index))
      waiting = waiting.slice(end.index + end[0].length)
      if (event !== undefined) yield event
    }
    if (waiting.length > MAX_EVENT_LENGTH) throw new RangeError('the server sent an event that is too long')
  }
}

function parseEvent(block: string): ServerSentEvent | undefined {
  let event = 'message'
  let id: string | undefined
  const data: string[] = []
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^([^:]+):? ?(.*)$/.exec(line) ?? []
    if (field === 'event') event = value
    else if (field === 'id') id = value
    else if (field === 'data') data.push(value)
  }
  return data.length === 0 ? undefined : { event, id, data: data.join('\n') }
}
