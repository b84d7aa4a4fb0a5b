import { expect, it } from 'vitest'
import { payloadText } from './payload-text.ts'

const base64 = (bytes: readonly number[]): string => btoa(String.fromCharCode(...bytes))

it.each([
  { name: 'text', bytes: [...new TextEncoder().encode('{"t":"温"}')], text: '{"t":"温"}', isBinary: false },
  { name: 'text cut inside a character', bytes: [0x61, 0xe6, 0xb8], text: 'a', isBinary: false },
  { name: 'no text', bytes: [0xff, 0xfe, 0x00, 0x80, 0x81], text: '//4AgIE=', isBinary: true },
  { name: 'control characters', bytes: [0x00, 0x01, 0x02, 0x03, 0x04], text: 'AAECAwQ=', isBinary: true },
  { name: 'nothing', bytes: [], text: '', isBinary: false },
])('$name', ({ bytes, text, isBinary }) => {
  expect(payloadText(base64(bytes))).toEqual({ text, isBinary, shownBytes: bytes.length })
})
