import { describe, expect, it } from 'vitest'
import { messageTemplate } from './message-template.ts'

const values = { productKey: 'pk1', deviceName: 'dev1', count: 7, time: 1_700_000_000_000, random: 42 }

describe('messageTemplate', () => {
  it.each([
    ['/{productKey}/{deviceName}/user/update', '/pk1/dev1/user/update'],
    ['{"n":{count},"at":{time},"v":{random},"again":{count}}', '{"n":7,"at":1700000000000,"v":42,"again":7}'],
    ['{"id":"{count}","params":{}}', '{"id":"7","params":{}}'],
    ['plain', 'plain'],
  ])('fills %s', (template, text) => {
    expect(messageTemplate('--payload', template)(values)).toBe(text)
  })

  it('refuses a placeholder that stands for nothing, and names those that do', () => {
    expect(() => messageTemplate('--topic', '/{pk}/x')).toThrow(
      '--topic: {pk} stands for nothing. The placeholders are {productKey} {deviceName} {count} {time} {random}.',
    )
  })
})
