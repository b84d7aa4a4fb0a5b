import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RegistryChange } from '../registry/registry.ts'
import { type Caller, callerOf } from './caller.ts'
import { EventStream } from './event-stream.ts'
import type { HttpParts } from './parts.ts'
import { Problem } from './problem.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

/** Every open stream of events: bounded in number, kept alive, and ended with the right of whoever listens. */
export interface OpenStreams {
  /** Answers with a stream, and calls `onClose` when it is over. @throws Problem where there are too many */
  open(request: FastifyRequest, reply: FastifyReply, onClose: () => void): EventStream
  close(): void
}

type StreamParts = Pick<HttpParts, 'registry' | 'accounts' | 'settings'>

export function createOpenStreams({ registry, accounts, settings }: StreamParts): OpenStreams {
  const open = new Set<{ caller: Caller; stream: EventStream }>()
  const endUnlessAllowed = (caller: Caller, stream: EventStream): void => {
    isStillAllowed(caller).then(
      allowed => allowed || stream.end(),
      () => stream.end(),
    )
  }
  const isStillAllowed = async (caller: Caller): Promise<boolean> => {
    if (caller.kind === 'user') return accounts.sessions.lasts(caller.token)
    const key = await registry.apiKey(caller.id)
    return key !== undefined && key.revokedAt === null
  }
  const stopHearing = registry.onChange(change => {
    for (const { caller, stream } of open) {
      if (change.kind === 'anything') endUnlessAllowed(caller, stream)
      else if (concerns(change, caller)) stream.end()
    }
  })
  const heartbeat = setInterval(() => {
    for (const { caller, stream } of open) {
      stream.heartbeat()
      if (caller.kind === 'user') endUnlessAllowed(caller, stream)
    }
  }, settings.heartbeatMs)
  heartbeat.unref()
  return {
    open(request, reply, onClose) {
      if (open.size >= settings.maxListeners) {
        throw new Problem('overloaded', { detail: `There are ${settings.maxListeners} open event streams already.` })
      }
      const stream = new EventStream(reply.raw, settings.maxListenerBytes)
      const listener = { caller: callerOf(request), stream }
      reply.hijack()
      stream.open(SECURITY_HEADERS)
      open.add(listener)
      const leave = (): void => {
        open.delete(listener)
        onClose()
      }
      // Who has hung up already is let go as soon as our caller is done.
      if (reply.raw.closed) setImmediate(leave)
      else reply.raw.once('close', leave)
      return stream
    },
    close() {
      clearInterval(heartbeat)
      stopHearing()
      for (const { stream } of open) stream.end()
      open.clear()
    },
  }
}

/** The stream of a user begins anew when anything about the session has changed, and then only if that is still good. */
function concerns(change: RegistryChange, caller: Caller): boolean {
  if (change.kind === 'key-revoked') return caller.kind === 'key' && caller.id === change.keyId
  if (change.kind !== 'sessions-changed' || caller.kind !== 'user' || caller.id !== change.userId) return false
  return change.sessionIds === 'all' || change.sessionIds.includes(caller.signedIn.session.id)
}
