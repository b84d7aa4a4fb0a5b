import { expect, it } from 'vitest'
import { encode } from '../../mqtt/index.ts'
import { application, device, publishPacket, rig } from './fake-client.suite.ts'

const names = ['dev1', 'dev2', 'dev3']

function publishOf(name: string): Buffer {
  return encode(publishPacket(`/pk1/${name}/x`, `from ${name}`, { qos: 1 }), 4)
}

it('packets that come in pieces, those of several clients by turns, are put together each by itself', () => {
  const { client } = rig()
  const watcher = client(application())
  watcher.subscribe('/pk1/#')
  const devices = names.map(name => ({ name, own: client(device(name)), bytes: publishOf(name) }))
  for (let at = 0; at < publishOf('dev1').length; at += 3) {
    for (const { own, bytes } of devices) own.sendBytes(bytes.subarray(at, at + 3))
  }
  expect(watcher.messages()).toEqual(names.map(name => `/pk1/${name}/x from ${name} 1`))
  for (const { own } of devices) expect(own.received()).toMatchObject([{ type: 'puback', packetId: 1 }])
})

it('what a client leaves unread when it is thrown out does not reach the next one', () => {
  const { client } = rig()
  const watcher = client(application())
  watcher.subscribe('/pk1/#')
  const bad = client(device('dev1'))
  bad.sendBytes(Buffer.concat([Buffer.of(0x36, 0x02, 0x00, 0x00), publishOf('dev1').subarray(0, 9)]))
  expect(bad.isOpen).toBe(false)
  const good = client(device('dev2'))
  good.sendBytes(publishOf('dev2'))
  expect(watcher.messages()).toEqual(['/pk1/dev2/x from dev2 1'])
})
