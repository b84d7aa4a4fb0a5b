import { expect, it } from 'vitest'
import { application, device } from '../fake-client.suite.ts'
import { durableRig, lasting } from './durable-rig.suite.ts'

const up = '/pk1/dev1/user/update'
const shared = '$share/workers//pk1/#'

it('gives an absent member of a shared group what those on line have no room for', async () => {
  const made = await durableRig({ inFlight: 1, queuedMessages: 2 })
  const absent = made.client(application('all', 'absent'), lasting(4))
  const subscriptions = [
    { filter: shared, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
  ] as const
  absent.send({ type: 'subscribe', packetId: 1, subscriptions })
  await made.commit()
  absent.hangUp()
  const present = made.client(application('all', 'present'))
  present.subscribe(shared)
  const publisher = made.client(device())
  for (const payload of ['0', '1', '2', '3', '4']) publisher.publish(up, payload, { qos: 1 })
  made.pass(3) // the publisher is slowed no longer than that
  await made.commit()
  expect(present.isOpen).toBe(true)
  const back = made.client(application('all', 'absent'), lasting(4))
  expect(back.messages()).toEqual([`${up} 3 1`])
  back.send({ type: 'puback', packetId: 1, reasonCode: 0 })
  expect(back.messages()).toEqual([`${up} 4 1`])
  expect(made.broker.stats().dropped).toMatchObject({ 'slow-reader': 0, 'queue-full': 0 })
})
