import { describe, expect, test } from 'vitest'
import { KEPT_ACTIVITY_MINUTES, type MinuteActivity } from './store.ts'
import type { StoreFixture } from './store-fixture.suite.ts'

const minuteOf = (minute: number, over: Partial<MinuteActivity> = {}): MinuteActivity => ({
  minute,
  registrations: 1,
  logins: 2,
  refusals: { 'device-unknown': 3 },
  ...over,
})

export function describeActivity(fixture: () => StoreFixture): void {
  // The minutes grow from test to test, since one that is noted forgets old ones.
  describe('the activity of minutes', () => {
    test('is read back by time from a minute on, and nothing is where nothing was noted', async () => {
      const { store } = fixture()
      expect(await store.activity(0)).toEqual([])
      await store.noteActivity('one', [minuteOf(1002), minuteOf(1001)])
      await store.noteActivity('one', [])
      expect(await store.activity(1001)).toEqual([minuteOf(1001), minuteOf(1002)])
      expect(await store.activity(1002)).toEqual([minuteOf(1002)])
    })

    test('noted again replaces what the same gateway had noted, so that a call may be made twice', async () => {
      const { store } = fixture()
      for (const logins of [5, 6, 6]) await store.noteActivity('one', [minuteOf(2000, { logins })])
      expect(await store.activity(2000)).toEqual([minuteOf(2000, { logins: 6 })])
    })

    test('is the sum of all gateways', async () => {
      const { store } = fixture()
      await store.noteActivity('one', [minuteOf(3000), minuteOf(3001)])
      await store.noteActivity('two', [minuteOf(3000, { refusals: { 'device-unknown': 1, 'switch-off': 4 } })])
      expect(await store.activity(3000)).toEqual([
        minuteOf(3000, { registrations: 2, logins: 4, refusals: { 'device-unknown': 4, 'switch-off': 4 } }),
        minuteOf(3001),
      ])
    })

    test('is forgotten when it is older than what is kept', async () => {
      const { store } = fixture()
      const newest = 10_000
      await store.noteActivity('one', [minuteOf(newest - KEPT_ACTIVITY_MINUTES)])
      await store.noteActivity('one', [minuteOf(newest - KEPT_ACTIVITY_MINUTES + 1)])
      await store.noteActivity('two', [minuteOf(newest)])
      const minutes = (await store.activity(0)).map(({ minute }) => minute)
      expect(minutes).toEqual([newest - KEPT_ACTIVITY_MINUTES + 1, newest])
    })
  })
}
