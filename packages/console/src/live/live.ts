import { createContext, use, useEffect, useEffectEvent, useSyncExternalStore } from 'react'
import type { JournalEntry } from '../api/types.ts'
import type { ChannelState, EventChannel } from './event-channel.ts'

/** What happens a second, at all gateways together. */
export interface Rates {
  time: string
  registrations: number
  logins: number
  refusals: number
}

export interface PresenceEvent {
  productKey: string
  deviceName: string
  status: 'ONLINE' | 'OFFLINE'
  time: string
  address: string | null
  reason: string
}
interface LiveEvents {
  journal: JournalEntry
  presence: PresenceEvent
  rates: Rates
}

export const LiveContext = createContext<EventChannel | null>(null)

/** Calls the listener for each live event while the component is shown. */
export function useLive<Kind extends keyof LiveEvents>(kind: Kind, listener: (event: LiveEvents[Kind]) => void): void {
  const channel = use(LiveContext)
  const hear = useEffectEvent(listener)
  useEffect(() => channel?.on(kind, data => hear(data as LiveEvents[Kind])), [channel, kind])
}

const nothing = (): void => undefined

export function useLiveState(): ChannelState {
  const channel = use(LiveContext)
  return useSyncExternalStore(
    listener => channel?.onState(listener) ?? nothing,
    () => channel?.state ?? 'connecting',
  )
}
