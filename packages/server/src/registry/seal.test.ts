import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSealer, SealBroken } from './seal.ts'

const sealer = createSealer(Buffer.alloc(32, 1))

describe('sealed secrets', () => {
  test('open with the same key in the same place, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (secret, place) => {
        const wellFormed = secret.toWellFormed() // what UTF-8 can hold
        expect(sealer.open(sealer.seal(wellFormed, place), place)).toBe(wellFormed)
      }),
    )
  })

  test('never look the same twice', () => {
    const sealed = Array.from({ length: 1000 }, () => Buffer.from(sealer.seal('secret', 'place')).toString('hex'))
    expect(new Set(sealed).size).toBe(1000)
    expect(new Set(sealed.map(hex => hex.slice(2, 26))).size).toBe(1000) // the nonces
  })

  test('do not open in another place, so that rows can not be swapped', () => {
    const sealed = sealer.seal('secret', 'devices/pk1/dev1')
    expect(() => sealer.open(sealed, 'devices/pk1/dev2')).toThrow(SealBroken)
  })

  test('do not open with another key', () => {
    const other = createSealer(Buffer.alloc(32, 2))
    expect(() => other.open(sealer.seal('secret', 'place'), 'place')).toThrow(SealBroken)
  })

  test('do not open when any byte was changed or bytes are missing', () => {
    const sealed = sealer.seal('secret', 'place')
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => sealer.open(changed, 'place')).toThrow(SealBroken)
      expect(() => sealer.open(sealed.slice(0, at), 'place')).toThrow(SealBroken)
    }
  })

  test.each([0, 16, 31, 33])('a master key of %i bytes is refused', length => {
    expect(() => createSealer(Buffer.alloc(length))).toThrow(/must have 32/)
  })
})
