import { describe, expect, it } from 'vitest'
import { fit, hanging, padTo, printable, safeJson, widthOf, wrap } from './printable.ts'

describe('printable', () => {
  it.each([
    ['plain text, 温度 21 °C', 'plain text, 温度 21 °C'],
    ['\u001b[31mred\u0007', '\\x1b[31mred\\x07'],
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u009b2J', '\\x9b2J'],
    ['abc\u202ecba', 'abc\\u202ecba'],
    ['zero\u200bwidth\ufeff', 'zero\\u200bwidth\\ufeff'],
    ['\u2028line', '\\u2028line'],
    ['lone \ud800 surrogate', 'lone \\ud800 surrogate'],
    ['emoji 😀', 'emoji 😀'],
  ])('shows %j as something that no terminal acts on', (text, shown) => {
    expect(printable(text)).toBe(shown)
  })
})

describe('safeJson', () => {
  it('escapes what a terminal acts on, and still parses to the same value', () => {
    const value = { name: '\u001b[2J\u009b\u007f\u202e温', list: [1, null] }
    for (const indent of [undefined, 2]) {
      const json = safeJson(value, indent)
      expect(JSON.parse(json)).toEqual(value)
      expect(json.replaceAll('\n', '')).toBe(printable(json.replaceAll('\n', '')))
    }
  })
})

describe('fit', () => {
  it.each([
    ['short', 10, 'short'],
    ['exactly10!', 10, 'exactly10!'],
    ['more than ten', 10, 'more than…'],
    ['温度传感器', 10, '温度传感器'],
    ['温度传感器', 9, '温度传感…'],
    ['温度传感器', 8, '温度传…'],
    ['👨‍👩‍👧‍👦 family', 4, '👨‍👩‍👧‍👦 …'],
    ['abc', 1, '…'],
  ])('cuts %j to %i columns without cutting a character', (text, width, fitted) => {
    expect(fit(text, width)).toBe(fitted)
    expect(widthOf(fitted)).toBeLessThanOrEqual(width)
  })

  it('pads by columns, not by characters', () => {
    expect(padTo('温', 4)).toBe('温  ')
    expect(padTo('long', 2)).toBe('long')
  })
})

describe('wrap and hanging', () => {
  it('breaks at spaces and leaves a longer word whole', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('a averyveryverylongword b', 6)).toEqual(['a', 'averyveryverylongword', 'b'])
    expect(wrap('', 6)).toEqual([''])
  })

  it('indents the further lines below the label', () => {
    expect(hanging('  Fix: ', 'turn it off and on again', 20)).toEqual([
      '  Fix: turn it',
      '      off and on',
      '      again',
    ])
  })
})
