import { Type } from 'typebox'
import type { JournalEntry } from '../registry/types.ts'
import { type Caller, callerOf, covers } from './caller.ts'
import type { EventStream, StreamEvent } from './event-stream.ts'
import { createFleetFeed } from './fleet-feed.ts'
import { journalEntryReply } from './journal-entry.ts'
import { createJournalFeed } from './journal-feed.ts'
import type { OpenStreams } from './open-streams.ts'
import type { Api, HttpParts } from './parts.ts'
import { Problem } from './problem.ts'
import { keyedProblems, text } from './schemas.ts'

const REPLAY_PAGE_ENTRIES = 200
/** Live entries that may wait until a replay has caught up with them. */
const MAX_HELD_ENTRIES = 1000

interface Listener {
  caller: Caller
  stream: EventStream
  /** Journal events that came during the replay; null once it is over. */
  held: StreamEvent[] | null
  /** The last entry that the listener has: an entry can be read by the replay before it is told here. */
  replayedId: number
}

/** Passes journal entries and presence on to every open event stream. */
export interface EventHub {
  /** Follows the journal for one more stream, which may be opened then. Resolves to how to leave it. */
  follow(): Promise<() => void>
  open(listener: { caller: Caller; stream: EventStream; afterId: number | null }): () => void
  close(): void
}

type HubParts = Pick<HttpParts, 'registry' | 'broker' | 'activity' | 'settings' | 'clock' | 'log'>

export function createEventHub(parts: HubParts): EventHub {
  const { registry, settings, log } = parts
  const listeners = new Set<Listener>()
  const fleet = createFleetFeed(parts, {
    rates: data => publish(null, { event: 'rates', data: JSON.stringify(data) }),
    presence: event => publish(event.productKey, { event: 'presence', data: JSON.stringify(event) }),
  })

  const publish = (productKey: string | null, event: StreamEvent): void => {
    for (const listener of listeners) if (covers(listener.caller, productKey)) deliver(listener, event)
  }
  const journal = createJournalFeed(registry, {
    entry: entry => publish(entry.productKey, journalEvent(entry)),
    failed: error => log.warn({ err: error }, 'the journal could not be followed; it is tried again'),
  })

  return {
    follow: journal.join,
    open: ({ caller, stream, afterId }) => {
      const listener: Listener = { caller, stream, held: afterId === null ? null : [], replayedId: afterId ?? 0 }
      listeners.add(listener)
      fleet.start()
      if (afterId !== null) {
        replay({ registry, settings }, listener, afterId).catch((error: unknown) => {
          log.warn({ err: error }, 'an event stream could not be resumed; its listener tries again')
          stream.end()
        })
      }
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) fleet.stop()
      }
    },
    close: () => {
      fleet.close()
      journal.close()
      listeners.clear()
    },
  }
}

function deliver({ held, stream, replayedId }: Listener, event: StreamEvent): void {
  if (event.id === undefined) stream.send(event)
  else if (event.id <= replayedId) return
  else if (held === null) stream.send(event)
  else if (held.length < MAX_HELD_ENTRIES) held.push(event)
  // The replay can't keep up; the listener resumes from where it got to.
  else stream.end()
}

/** Sends what the listener missed, oldest first, then what came meanwhile, each entry once. */
async function replay(
  { registry, settings }: Pick<HttpParts, 'registry' | 'settings'>,
  listener: Listener,
  afterId: number,
): Promise<void> {
  const { stream, caller } = listener
  let lastId = afterId
  for (let read = 0; stream.isOpen; read += REPLAY_PAGE_ENTRIES) {
    // It comes back with the last id and gets the next ones.
    if (read >= settings.maxReplayEntries) return stream.end()
    const { items } = await registry.store.listJournal({ afterId: lastId, limit: REPLAY_PAGE_ENTRIES })
    for (const entry of items) {
      if (covers(caller, entry.productKey)) stream.send(journalEvent(entry))
      lastId = entry.id
      listener.replayedId = entry.id
    }
    await stream.drained()
    if (items.length < REPLAY_PAGE_ENTRIES) break
  }
  const held = listener.held ?? []
  listener.held = null
  for (const event of held) deliver(listener, event)
}

const journalEvent = (entry: JournalEntry): StreamEvent => ({
  event: 'journal',
  id: entry.id,
  data: JSON.stringify(journalEntryReply(entry)),
})

export interface EventParts {
  hub: EventHub
  streams: OpenStreams
}

export function eventRoutes(api: Api, { registry }: HttpParts, { hub, streams }: EventParts): void {
  api.get(
    '/events',
    {
      config: { access: 'read' },
      exposeHeadRoute: false,
      schema: {
        operationId: 'followEvents',
        summary: 'Live events: journal entries (with id), presence of devices, and rates',
        description:
          'Server-Sent Events. `journal` carries a JournalEntry, of any gateway that shares the database; `presence` carries ' +
          'productKey, deviceName, status, time, address and reason; `rates`, once a second and for keys of all products, ' +
          'carries time and, a second, registrations, logins, refusals, messagesIn and messagesOut, and connections; gateways ' +
          'says of how many. Both are of all gateways that share the database; in a storm some presence of other gateways ' +
          'is left out. After a break send Last-Event-ID and the missed journal entries come first.',
        tags: ['journal'],
        headers: Type.Object({
          'last-event-id': Type.Optional(Type.String({ description: 'id of the last journal event that arrived' })),
        }),
        response: {
          200: { description: 'The stream', content: { 'text/event-stream': { schema: text('Server-Sent Events') } } },
          ...keyedProblems(),
        },
      },
    },
    async (request, reply) => {
      const lastId = eventIdOf(request.headers['last-event-id'])
      // An id of another database may be any; up to a good one all is known, and may be told again by who follows behind.
      const afterId = lastId === null ? null : Math.min(lastId, await newestId(registry))
      const leaves = [await hub.follow()]
      const leave = (): void => {
        for (const each of leaves.splice(0)) each()
      }
      try {
        const stream = streams.open(request, reply, leave)
        leaves.push(hub.open({ caller: callerOf(request), stream, afterId }))
      } catch (error) {
        leave()
        throw error
      }
    },
  )
}

async function newestId({ store }: HttpParts['registry']): Promise<number> {
  const [newest] = (await store.listJournal({ limit: 1 })).items
  return newest?.id ?? 0
}

function eventIdOf(header: string | undefined): number | null {
  if (header === undefined || header === '') return null
  if (/^\d{1,15}$/.test(header)) return Number(header)
  throw new Problem('field-invalid', {
    status: 400,
    field: 'Last-Event-ID',
    detail: 'Last-Event-ID is not the id of a journal event.',
    fix: 'Send the id of the last journal event that arrived, or leave the header out.',
  })
}
