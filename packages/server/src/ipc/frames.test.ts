import { expect, test } from 'vitest'
import { FrameReader, FrameTooLarge, frameHeader } from './frames.ts'

const frame = (text: string): Buffer => Buffer.concat([frameHeader(text.length), Buffer.from(text)])
const texts = ['one', '', 'three', 'x'.repeat(300)]
const bytes = Buffer.concat(texts.map(frame))

function readAll(chunks: readonly Buffer[]): string[] {
  const reader = new FrameReader(300)
  const frames: string[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let next = reader.next(); next !== undefined; next = reader.next()) frames.push(next.toString())
  }
  return frames
}

test.each([1, 2, 3, 5, 7, 64, bytes.length])('frames cut into pieces of %i bytes come out whole', size => {
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  )
  expect(readAll(pieces)).toEqual(texts)
})

test('what comes after the last frame is left for another reader', () => {
  const reader = new FrameReader(10)
  reader.push(Buffer.concat([frame('one'), Buffer.from('res')]))
  reader.push(Buffer.from('t'))
  expect(reader.next()?.toString()).toBe('one')
  expect(reader.takeRest().toString()).toBe('rest')
  expect(reader.takeRest()).toHaveLength(0)
})

test('a frame that is too large is refused by its length alone', () => {
  const reader = new FrameReader(10)
  reader.push(frameHeader(11))
  expect(() => reader.next()).toThrow(FrameTooLarge)
})
