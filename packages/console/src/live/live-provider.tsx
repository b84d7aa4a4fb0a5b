import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { SESSION_KEY } from '../session/session.ts'
import { type EventChannel, openEventChannel } from './event-channel.ts'
import { LiveContext } from './live.ts'

/**
 * One stream of live events for all pages. After a break everything that is shown is asked for again. The server ends it with the
 * session: a break asks first whether the user is still signed in.
 */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [channel, setChannel] = useState<EventChannel | null>(null)
  useEffect(() => {
    const opened = openEventChannel('/api/v1/events', ['journal', 'presence', 'rates'])
    let wasBroken = false
    opened.onState(() => {
      if (opened.state === 'open' && wasBroken) void client.invalidateQueries()
      if (opened.state === 'broken') void client.invalidateQueries({ queryKey: SESSION_KEY })
      wasBroken = opened.state === 'broken'
    })
    setChannel(opened)
    return () => opened.close()
  }, [client])
  return <LiveContext value={channel}>{children}</LiveContext>
}
