import { describe, expect, it } from 'vitest'
import { readEvents, type ServerSentEvent } from './server-sent-events.ts'

async function* inPieces(text: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes)
}
const collect = async (source: AsyncIterable<Uint8Array>): Promise<ServerSentEvent[]> => {
  const events: ServerSentEvent[] = []
  for await (const event of readEvents(source)) events.push(event)
  return events
}

const stream =
  'retry: 3000\n\n: \n\nid: 7\nevent: journal\ndata: {"a":"温"}\n\nevent: presence\ndata: x\ndata:y\n\nevent: cut\ndata: z'
const expected = [
  { event: 'journal', id: '7', data: '{"a":"温"}' },
  { event: 'presence', id: undefined, data: 'x\ny' },
]

describe('readEvents', () => {
  it.each([1, 2, 3, 7, 1000])('gives the complete events of a stream that comes in pieces of %i bytes', async size => {
    expect(await collect(inPieces(stream, size))).toEqual(expected)
  })

  it('takes CRLF line ends', async () => {
    expect(await collect(inPieces(stream.replaceAll('\n', '\r\n'), 1000))).toEqual(expected)
  })

  it('ends with an error when an event never ends', async () => {
    await expect(collect(inPieces(`data: ${'x'.repeat(2_000_000)}`, 65_536))).rejects.toThrow(/too long/)
  })
})
