import { expect, test } from 'vitest'
import { OnDemandMap, OnDemandSet } from './on-demand.ts'

test('a Map on demand answers as a Map does, before it has held anything and after', () => {
  const map = new OnDemandMap<string, number>()
  const state = () => [map.size, map.has('a'), map.get('a'), [...map.keys()], [...map]]
  const empty = [0, false, undefined, [], []]
  expect(state()).toEqual(empty)
  expect(map.delete('a')).toBe(false)
  map.set('a', 1)
  expect(state()).toEqual([1, true, 1, ['a'], [['a', 1]]])
  expect(map.delete('a')).toBe(true)
  expect(state()).toEqual(empty)
})

test('so does a Set', () => {
  const set = new OnDemandSet<number>()
  expect([set.size, set.has(7), set.delete(7)]).toEqual([0, false, false])
  set.add(7)
  expect([set.size, set.has(7), set.delete(7), set.size]).toEqual([1, true, true, 0])
})
