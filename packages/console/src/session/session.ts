import { type QueryClient, queryOptions, useQueryClient } from '@tanstack/react-query'
import { createContext, use, useCallback } from 'react'
import { api, resultOf } from '../api/client.ts'
import type { Session } from '../api/types.ts'
import { may, type Right } from './access.ts'

export const SESSION_KEY = ['session'] as const

export const sessionQuery = queryOptions({
  queryKey: SESSION_KEY,
  queryFn: ({ signal }) => resultOf(api.GET('/api/v1/session', { signal })),
  staleTime: 60_000,
})

export const SessionContext = createContext<Session | null>(null)

export function useSession(): Session {
  const session = use(SessionContext)
  if (session === null) throw new Error('useSession needs a signed-in user above it')
  return session
}

export const useMay = (right: Right): boolean => may(useSession().user.role, right)

/** Nothing that one user has read stays for the next one. */
export function startSession(client: QueryClient, session: Session): void {
  client.clear()
  client.setQueryData(SESSION_KEY, session)
}

export function useSignOut(): () => Promise<void> {
  const client = useQueryClient()
  return useCallback(async () => {
    await resultOf(api.DELETE('/api/v1/session'))
    client.clear()
    await client.invalidateQueries({ queryKey: SESSION_KEY })
    location.assign('/')
  }, [client])
}
