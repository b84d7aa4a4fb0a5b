import { afterEach, describe, expect, it } from 'vitest'
import { StoreUnavailable } from '../../../storage/store-unavailable.ts'
import type {
  Change,
  EntryRecord,
  MessageRecord,
  RetainedRecord,
  SessionRecord,
  SessionStore,
} from './session-store.ts'

export const sessionOne: SessionRecord = {
  key: 1,
  sessionId: 'pk1/dev1',
  identity: { kind: 'device', sessionId: 'pk1/dev1', productKey: 'pk1', deviceName: 'dev1', clientId: null },
  level: 4,
  expirySeconds: 604_800,
  absentSinceMs: null,
  sentUpTo: 0,
  will: null,
}

const sessionTwo: SessionRecord = {
  key: 2,
  sessionId: '@key1/app “é”',
  identity: { kind: 'application', sessionId: '@key1/app “é”', keyId: 'key1', products: new Set(['pk1', 'pk2']) },
  level: 5,
  expirySeconds: 0xffffffff,
  absentSinceMs: 1_700_000_000_000,
  sentUpTo: 7,
  will: { packet: Buffer.from([0x30, 0, 1, 0xff]), level: 5, qos: 2, delaySeconds: 30 },
}

const options = { qos: 1, noLocal: true, retainAsPublished: false, identifier: 9 } as const

export function messageRecord(id: number, packet: Uint8Array = Buffer.from([0, 0xff, id])): MessageRecord {
  return { id, packet, level: 4, expiresAtMs: 0 }
}

export function entryRecord(sessionKey: number, sequence: number, messageId: number): EntryRecord {
  const rest = { firstByte: 0x32, identifiers: [], sharedFilter: null, isReleased: false }
  return { sessionKey, sequence, messageId, packetId: sequence, ...rest }
}

export function retainedRecord(topic: string): RetainedRecord {
  return { topic, packet: Buffer.from([0x31, 0, 0xff]), level: 4, from: '', expiresAtMs: 0 }
}

const byTopic = (one: RetainedRecord, other: RetainedRecord) => (one.topic < other.topic ? -1 : 1)

/** A `subscribe` of the first session. */
function subscribed(filter: string, rest: { qos?: 0 | 1; owesRetained?: boolean } = {}): Change {
  const { qos = 1, owesRetained = false } = rest
  return { do: 'subscribe', sessionKey: 1, filter, options: { ...options, qos }, owesRetained }
}

const put = (session: SessionRecord): Change => ({ do: 'put-session', session })
const addMessage = (id: number): Change => ({ do: 'add-message', message: messageRecord(id) })
const addEntry = (sessionKey: number, sequence: number, messageId: number): Change => ({
  do: 'add-entry',
  entry: entryRecord(sessionKey, sequence, messageId),
})

export interface SessionStoreUnderTest {
  /** Of what was committed by an earlier one, if `again`. */
  open(again: boolean): Promise<SessionStore>
}

/** What every SessionStore must do. `open(true)` stands for the next start of the server. */
export function sessionStoreSuite({ open }: SessionStoreUnderTest): void {
  let opened: SessionStore[] = []
  afterEach(async () => {
    await Promise.all(opened.map(store => store.close()))
    opened = []
  })
  const openStore = async (again = false): Promise<SessionStore> => {
    const store = await open(again)
    opened.push(store)
    return store
  }
  /** What the next start finds after these commits. */
  const after = async (...commits: Change[][]) => {
    const first = await openStore()
    await first.load()
    for (const changes of commits) await first.commit(changes)
    await first.close()
    return (await openStore(true)).load()
  }

  describe('a session store', () => {
    it('is empty at first', async () => {
      expect(await (await openStore()).load()).toEqual({ sessions: [], messages: new Map(), retained: [] })
    })

    it('gives sessions back as they were, each identity, will and expiry', async () => {
      const { sessions } = await after([put(sessionOne), put(sessionTwo)])
      expect(sessions.map(({ session }) => session)).toEqual([sessionOne, sessionTwo])
    })

    it('replaces a session and leaves what hangs on it', async () => {
      const changed = { ...sessionOne, absentSinceMs: 5, sentUpTo: 3 }
      const { sessions } = await after(
        [put(sessionOne), subscribed('a', { owesRetained: true }), addMessage(1), addEntry(1, 1, 1)],
        [put(changed)],
      )
      expect(sessions).toMatchObject([{ session: changed, entries: [{ sequence: 1 }] }])
      expect(sessions[0]?.subscriptions).toEqual(new Map([['a', options]]))
      expect(sessions[0]?.retainedOwed).toEqual(new Set(['a']))
    })

    it('keeps the last options of a filter, and none after unsubscribing', async () => {
      const { sessions } = await after(
        [put(sessionOne), subscribed('a', { qos: 0 }), subscribed('b/#'), subscribed('c')],
        [subscribed('a'), { do: 'unsubscribe', sessionKey: 1, filter: 'c' }],
      )
      expect([...(sessions[0]?.subscriptions ?? [])].sort()).toEqual([
        ['a', options],
        ['b/#', options],
      ])
    })

    it('knows the filters whose retained messages are owed still, until they are paid or unsubscribed', async () => {
      const { sessions } = await after(
        [put(sessionOne), ...['a', 'b', 'c', '$share/g/d'].map(filter => subscribed(filter, { owesRetained: true }))],
        [subscribed('a'), { do: 'unsubscribe', sessionKey: 1, filter: 'b' }],
      )
      expect([...(sessions[0]?.retainedOwed ?? [])].sort()).toEqual(['$share/g/d', 'c'])
    })

    it('holds a message once for two sessions, and gives the entries of each in their order', async () => {
      const { sessions, messages } = await after([
        ...[put(sessionOne), put(sessionTwo), addMessage(10), addMessage(11)],
        ...[addEntry(1, 2, 11), addEntry(1, 1, 10), addEntry(2, 1, 10)],
      ])
      expect(sessions.map(({ entries }) => entries)).toEqual([
        [entryRecord(1, 1, 10), entryRecord(1, 2, 11)],
        [entryRecord(2, 1, 10)],
      ])
      expect([...messages.values()]).toEqual([messageRecord(10), messageRecord(11)])
    })

    it('gives an entry back with all it had', async () => {
      const sharedFilter = '$share/“é”/a/+'
      const entry: EntryRecord = {
        ...entryRecord(1, 1, 1),
        ...{ firstByte: 0x35, identifiers: [1, 268_435_455], sharedFilter },
      }
      const message: MessageRecord = {
        id: 1,
        packet: Buffer.alloc(300_000, 7),
        level: 5,
        expiresAtMs: 1_700_000_000_001,
      }
      const { sessions, messages } = await after([
        ...[put(sessionOne), { do: 'add-message', message } as const, { do: 'add-entry', entry } as const],
      ])
      expect(sessions[0]?.entries).toEqual([entry])
      expect(messages.get(1)).toEqual(message)
    })

    it('releases and removes entries', async () => {
      const { sessions } = await after(
        [put(sessionOne), addMessage(1), addEntry(1, 1, 1), addEntry(1, 2, 1)],
        [
          { do: 'release-entry', sessionKey: 1, sequence: 2 },
          { do: 'remove-entry', sessionKey: 1, sequence: 1 },
        ],
      )
      expect(sessions[0]?.entries).toEqual([{ ...entryRecord(1, 2, 1), isReleased: true }])
    })

    it('removes messages when told to, and those that no entry refers to when it loads', async () => {
      const { messages } = await after(
        [put(sessionOne), addMessage(1), addMessage(2), addMessage(3), addEntry(1, 1, 1), addEntry(1, 2, 2)],
        [
          { do: 'remove-entry', sessionKey: 1, sequence: 2 },
          { do: 'remove-message', messageId: 2 },
        ],
      )
      expect([...messages.keys()]).toEqual([1])
    })

    it('keeps the packet identifiers of QoS 2 messages that came, until they are forgotten', async () => {
      const receive = (packetId: number): Change => ({ do: 'receive', sessionKey: 1, packetId })
      const { sessions } = await after(
        [put(sessionOne), receive(1), receive(65_535), receive(2)],
        [{ do: 'forget', sessionKey: 1, packetId: 2 }],
      )
      expect([...(sessions[0]?.unreleased ?? [])].sort()).toEqual([1, 65_535])
    })

    it('removes a session with all that hangs on it, and nothing else', async () => {
      const { sessions, messages } = await after(
        [
          ...[put(sessionOne), put(sessionTwo), addMessage(1), addMessage(2), addEntry(1, 1, 1), addEntry(2, 1, 2)],
          subscribed('a', { owesRetained: true }),
          { do: 'receive', sessionKey: 1, packetId: 5 },
        ],
        [{ do: 'remove-session', sessionKey: 1 }, put({ ...sessionOne, key: 3 })],
      )
      expect(sessions.map(({ session }) => session.key)).toEqual([2, 3])
      expect(sessions[1]).toMatchObject({ entries: [], subscriptions: new Map(), unreleased: new Set() })
      expect(sessions[1]?.retainedOwed).toEqual(new Set())
      expect([...messages.keys()]).toEqual([2])
    })

    it('keeps the last retained message of each topic, with all it had, until it is cleared', async () => {
      const last = {
        ...retainedRecord('a/“é”'),
        packet: Buffer.alloc(300_000, 7),
        level: 5,
        expiresAtMs: 5,
        from: 'pk1/d',
      }
      const { retained } = await after(
        [
          ...['a/“é”', 'b', '$c'].map(topic => ({ do: 'retain', message: retainedRecord(topic) }) as const),
          { do: 'retain', message: last as RetainedRecord },
        ],
        [{ do: 'clear-retained', topic: 'b' }],
      )
      expect([...retained].sort(byTopic)).toEqual([retainedRecord('$c'), last])
    })

    it('gives back more retained messages than one page holds', async () => {
      const packet = Buffer.alloc(1_000_000, 1)
      const topics = Array.from({ length: 10 }, (_, at) => `t/${at}`)
      const { retained } = await after(
        topics.map(topic => ({ do: 'retain', message: { ...retainedRecord(topic), packet } }) as const),
      )
      expect([...retained].sort(byTopic).map(({ topic }) => topic)).toEqual(topics)
    })

    it('may be told the same twice', async () => {
      const changes: Change[] = [
        ...[put(sessionOne), addMessage(1), addMessage(2), addEntry(1, 1, 1), addEntry(1, 2, 2)],
        subscribed('a', { owesRetained: true }),
        { do: 'release-entry', sessionKey: 1, sequence: 1 },
        { do: 'remove-entry', sessionKey: 1, sequence: 2 },
        { do: 'remove-message', messageId: 2 },
        { do: 'receive', sessionKey: 1, packetId: 5 },
        { do: 'receive', sessionKey: 1, packetId: 6 },
        { do: 'forget', sessionKey: 1, packetId: 6 },
        { do: 'retain', message: retainedRecord('a') },
        { do: 'retain', message: retainedRecord('b') },
        { do: 'clear-retained', topic: 'b' },
      ]
      const once = await after(changes)
      const twice = await after(changes, changes)
      expect(twice).toEqual(once)
    })

    it('takes many changes in one commit, and gives them back whole', async () => {
      const count = 12_000
      const many = Array.from({ length: count }, (_, at) => [addMessage(at + 1), addEntry(1, at + 1, at + 1)]).flat()
      const { sessions, messages } = await after([put(sessionOne), ...many])
      expect(sessions[0]?.entries.map(({ sequence }) => sequence)).toEqual(Array.from(messages.keys()))
      expect(messages.size).toBe(count)
    })

    it('refuses changes when it is closed', async () => {
      const store = await openStore()
      await store.close()
      await expect(store.commit([put(sessionOne)])).rejects.toBeInstanceOf(StoreUnavailable)
    })
  })
}
