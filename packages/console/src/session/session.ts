import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { createContext, use } from 'react'
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
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] })
  client.setQueryData(SESSION_KEY, session)
}

/** Opens the page anew, so that nothing of what the user saw stays in it. */
export async function signOut(everywhere: boolean): Promise<void> {
  await resultOf(api.DELETE(everywhere ? '/api/v1/sessions' : '/api/v1/session'))
  location.assign('/')
}
