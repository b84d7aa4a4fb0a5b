import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { Device } from '../api/types.ts'
import { type PresenceEvent, useLive } from '../live/live.ts'
import { deviceQuery } from './device-query.ts'

/** Presence is told at once and written a moment later: what is read before that is the state from before. */
const WRITTEN_AFTER_MS = 1000

/** A device that follows what happens to it while it is shown. */
export function useDevice(productKey: string, deviceName: string) {
  const client = useQueryClient()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const { queryKey, ...query } = deviceQuery(productKey, deviceName)
  const isThis = (event: { productKey: string | null; deviceName: string | null }): boolean =>
    event.productKey === productKey && event.deviceName === deviceName
  const readSoon = (): void => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => void client.invalidateQueries({ queryKey }), WRITTEN_AFTER_MS)
  }
  useEffect(() => () => clearTimeout(timer.current), [])
  useLive('journal', entry => {
    if (isThis(entry)) readSoon()
  })
  useLive('presence', event => {
    if (!isThis(event)) return
    client.setQueryData<Device>(queryKey, device => device && withPresence(device, event))
    readSoon()
  })
  return useQuery({ queryKey, ...query })
}

const withPresence = (device: Device, { status, time, address }: PresenceEvent): Device =>
  status === 'ONLINE'
    ? { ...device, status, address, lastOnlineAt: time }
    : { ...device, status: device.status === 'DISABLE' ? 'DISABLE' : status, lastOfflineAt: time }
